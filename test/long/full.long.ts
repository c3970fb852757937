/** The tests of tables of codecs, formats and rates with all of them; `npm test` runs the same ones with a few (test/support/few.ts). */
process.env['INBETWEEN_FULL'] = 'all';
const media = 'alpha-layer audio/render decode encode mux output-format pixel-format stills';
for (const file of media.split(' ')) await import(`../core/media/${file}.test.ts`);
await import('../core/score/run.test.ts');
