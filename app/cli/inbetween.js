#!/usr/bin/env node
// The entry of the command. Plain JavaScript, so that an old Node can still read the sentence below.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `node-too-old: Inbetween needs Node 24 or newer; this is ${process.versions.node} at ${process.execPath}. ` +
      'Install it from https://nodejs.org, or run through npm (npm run inbetween), which brings its own on 64-bit Linux.\n',
  );
  process.exit(4);
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
