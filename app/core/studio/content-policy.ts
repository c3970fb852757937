/** What a page of ours may load and do: the same in a window and from `serve`. */

/** The Content-Security-Policy of the renderer's pages. `media`: origins of media besides its own, such as 'inbetween-media:'. */
export function contentPolicy(media: readonly string[] = []): string {
  const own = ["'self'", ...media].join(' ');
  return [
    "default-src 'none'",
    // WebAssembly is compiled from our own files only; 'wasm-unsafe-eval' allows no JavaScript from strings.
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${own} blob: data:`,
    `media-src ${own} blob:`,
    `connect-src ${own}`,
    "font-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}

/** Headers every page and file of the renderer is served with. */
export function safeHeaders(policy: string): Record<string, string> {
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
  };
}
