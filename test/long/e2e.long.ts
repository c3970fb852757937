/** The specs of the whole app on every host and with large footage; `npm test` runs them on one (test/support/few.ts). */
process.env['INBETWEEN_FULL'] = 'all';
for (const name of ['kill', 'preview', 'studio']) await import(`../e2e/${name}.e2e.ts`);
