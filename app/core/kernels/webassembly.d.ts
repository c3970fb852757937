// The part of WebAssembly's JavaScript interface the kernels use; TypeScript has it only in its DOM library.
export {};

declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array);
    }
    class Instance {
      constructor(module: Module, imports: Record<string, Record<string, unknown>>);
      readonly exports: Record<string, unknown>;
    }
    class Memory {
      constructor(limits: { initial: number; maximum: number; shared: true });
      readonly buffer: SharedArrayBuffer;
      grow(pages: number): number;
    }
    class Global {
      value: number;
    }
  }
}
