/** The tests of tables of codecs, formats and rates with all of them; `npm test` runs the same ones with a few (test/support/few.ts). */
process.env['INBETWEEN_FULL'] = 'all';
for (const name of [
  'clips/proxy',
  'demo/run',
  'engines/rife/versions',
  'engines/tiles',
  'fixtures/run',
  'jobs/sequence',
  'jobs/sequence-odd',
  'keypoints/keypoints',
  'library/clip-search',
  'media/audio/render',
  'media/colour',
  'media/decode',
  'media/encode',
  'media/holds',
  'media/mux',
  'media/output-format',
  'media/pixel-format',
  'media/scenes',
  'media/stills',
  'morph/differ',
  'queue/kill',
  'queue/pairs',
  'score/run',
])
  await import(`../core/${name}.test.ts`);
