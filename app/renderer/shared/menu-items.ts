/** What menus are made of. */
import type { Component } from 'svelte';

export type MenuEntry = MenuItem | 'separator';

export interface MenuItem {
  label: string;
  run?: (() => void) | undefined;
  /** Id of the action it does: its shortcut is shown. */
  action?: string | undefined;
  icon?: Component<{ size?: number; 'aria-hidden'?: 'true' }> | undefined;
  disabled?: boolean | undefined;
  /** A choice that is on or off. */
  checked?: boolean | undefined;
  danger?: boolean | undefined;
  /** A menu of its own. */
  items?: readonly MenuEntry[] | undefined;
}
