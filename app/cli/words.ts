/** Small words of what is said to people. */

/** '1 window', '2 windows'. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** ' on cuda', of a result whose frames were made now; nothing where all of them were there already, or none had to be made. */
export function onDevice(device: string): string {
  return device.startsWith('nothing: ') ? '' : ` on ${device}`;
}
