/** Which help is open: the sheet of all shortcuts, or the palette of all actions. */
class Help {
  open: 'keys' | 'palette' | null = $state(null);
}

export const help = new Help();
