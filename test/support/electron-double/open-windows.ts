/** The windows there are, for those who would otherwise import each other. */
export interface OpenWindow {
  close(): void;
}

const windows = new Set<OpenWindow>();

export function addWindow(window: OpenWindow): void {
  windows.add(window);
}

export function removeWindow(window: OpenWindow): void {
  windows.delete(window);
}

export function openWindows(): OpenWindow[] {
  return [...windows];
}
