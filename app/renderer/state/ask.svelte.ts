/** Questions in the way: `if (await confirm({...}))`. */

export interface Question {
  title: string;
  text: string;
  /** On the button that does it: 'Remove', not 'OK'. */
  yes: string;
  no?: string | undefined;
  danger?: boolean | undefined;
}

class Ask {
  current: (Question & { answer(yes: boolean): void }) | null = $state.raw(null);

  confirm(question: Question): Promise<boolean> {
    this.current?.answer(false);
    return new Promise((resolve) => {
      this.current = {
        ...question,
        answer: (yes) => {
          this.current = null;
          resolve(yes);
        },
      };
    });
  }
}

export const ask = new Ask();

/** Whether the user said yes. */
export function confirm(question: Question): Promise<boolean> {
  return ask.confirm(question);
}
