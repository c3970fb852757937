/** The tests of awkward files with all of them; `npm test` runs the same ones with a choice ([FEW], test/support/odd.ts). */
process.env['INBETWEEN_ODD'] = 'all';
await import('../odd.test.ts');
await import('../core/media/odd.test.ts');
await import('../core/clips/odd.test.ts');
