/** What main has asked of the desktop, for tests to look at: `app.evaluate(({ record }) => record.notifications)`. */
export const record = {
  notifications: [] as { title: string; body: string }[],
  /** The last value for the taskbar. */
  progress: null as number | null,
  /** Files that were shown in the file manager. */
  revealed: [] as string[],
  /** Message boxes and error boxes. */
  asked: [] as { message: string; detail?: string | undefined; buttons?: string[] | undefined }[],
  /** Whether the machine is kept awake. */
  awake: false,
  /** Labels of the menu, by level. */
  menu: [] as { label: string; items: string[] }[],
  /** What the windows were made with. */
  windows: [] as object[],
  /** Addresses that windows wanted to open or go to, and were refused. */
  refused: [] as string[],
};
