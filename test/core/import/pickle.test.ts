import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PickleCutOff, unpickle, type PickleHost } from '../../../app/core/import/pickle.ts';
import { createTorchHost } from '../../../app/core/import/torch-host.ts';
import { findTensors } from '../../../app/core/import/torch-tensors.ts';

const none: PickleHost = {
  global: (module, name) => assert.fail(`${module}.${name}`),
  persistent: () => assert.fail(),
  call: () => assert.fail(),
  build: () => assert.fail(),
};

function pickle(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function value(text: string, host: PickleHost = none): unknown {
  return unpickle(pickle(text), host).value;
}

// PYTHON -c 'import pickle; print(pickle.dumps([None, True, 1, -2, 70000, 2**40, -2**70, 0.5, "ü", b"\x00\xff", (1, 2, 3, 4), {"a": [], 2: {}}, {5}], P).hex())'
const DUMPS: Record<number, string> = {
  2: '80025d7100284e884b014afeffffff4a701101008a060000000000018a090000000000000000c0473fe00000000000005802000000c3bc7101635f636f646563730a656e636f64650a7102580300000000c3bf710358060000006c6174696e317104867105527106284b014b024b034b047471077d71082858010000006171095d710a4b027d710b75635f5f6275696c74696e5f5f0a7365740a710c5d710d4b056185710e52710f652e',
  3: '80035d7100284e884b014afeffffff4a701101008a060000000000018a090000000000000000c0473fe00000000000005802000000c3bc7101430200ff7102284b014b024b034b047471037d71042858010000006171055d71064b027d710775636275696c74696e730a7365740a71085d71094b056185710a52710b652e',
  4: '80049558000000000000005d94284e884b014afeffffff4a701101008a060000000000018a090000000000000000c0473fe00000000000008c02c3bc94430200ff94284b014b024b034b0474947d94288c0161945d944b027d94758f94284b0590652e',
  5: '80059558000000000000005d94284e884b014afeffffff4a701101008a060000000000018a090000000000000000c0473fe00000000000008c02c3bc94430200ff94284b014b024b034b0474947d94288c0161945d944b027d94758f94284b0590652e',
};

test('values of every protocol since 2', () => {
  for (const [protocol, hex] of Object.entries(DUMPS)) {
    const host = createTorchHost('x');
    const { value: read, end } = unpickle(Buffer.from(hex, 'hex'), host);
    assert.equal(end, hex.length / 2);
    const plain = [null, true, 1, -2, 70_000, 2 ** 40, -(2n ** 70n), 0.5, 'ü', Uint8Array.of(0, 255)];
    const dict = new Map<unknown, unknown>([
      ['a', []],
      [2, new Map()],
    ]);
    assert.deepEqual(read, [...plain, [1, 2, 3, 4], dict, [5]], `protocol ${protocol}`);
  }
});

test('a whole number beyond every double stays one (found by fuzzing)', () => {
  const bytes = `${'\x00'.repeat(254)}\x7f`;
  assert.equal(value(`\x80\x02\x8a\xff${bytes}.`), 127n << 2032n);
});

test('nothing is run: what is not on the list is refused by its name', () => {
  const cases = [
    'os\nsystem',
    'posix\nsystem',
    'builtins\neval',
    'torch\nload',
    'torch.storage\n_load_from_bytes',
    'builtins\ngetattr',
  ];
  for (const name of cases) {
    const said = new RegExp(`"${name.replace('\n', '\\.')}"`);
    assert.throws(() => value(`c${name}\n(X\x02\0\0\0lstR.`, createTorchHost('x')), {
      code: 'checkpoint-refused',
      message: said,
    });
    const [module, attribute] = name.split('\n') as [string, string];
    const stacked = `\x8c${String.fromCharCode(module.length)}${module}\x8c${String.fromCharCode(attribute.length)}${attribute}\x93.`;
    assert.throws(() => value(stacked, createTorchHost('x')), { code: 'checkpoint-refused', message: said });
  }
  // The instructions that make objects another way are not there at all.
  for (const code of ['ios\nsystem\n', '(o', '\x82\x01']) {
    assert.throws(() => value(`(${code}.`, createTorchHost('x')), {
      code: 'checkpoint-damaged',
      message: /instruction/,
    });
  }
});

test('names with a dot in them lead nowhere else', () => {
  assert.throws(() => value('ctorch\nSize.__class__\n.', createTorchHost('x')), { code: 'checkpoint-refused' });
  assert.throws(() => value('ctorch._utils\n__proto__\n.', createTorchHost('x')), { code: 'checkpoint-refused' });
});

test('a billion laughs is read as it is written, and refused when its names are wanted', () => {
  const doublings = Array.from(
    { length: 200 },
    (_, i) => `h${String.fromCharCode(i)}h${String.fromCharCode(i)}\x86q${String.fromCharCode(i + 1)}`,
  );
  const before = performance.now();
  const laughs = value(`]q\0${doublings.join('')}.`);
  assert.throws(() => findTensors(laughs), { code: 'checkpoint-refused', message: /without end/ });
  const shallow = value(`]q\0${doublings.slice(0, 60).join('')}.`);
  assert.throws(() => findTensors(shallow), { code: 'checkpoint-refused', message: /without end/ });
  assert.ok(performance.now() - before < 1000);
  const itself = value(']q\0h\0a.');
  assert.throws(() => findTensors(itself), { code: 'checkpoint-refused', message: /without end/ });
});

test('more instructions or containers than any checkpoint has', () => {
  assert.throws(() => value('N0'.repeat(2_000_000)), { code: 'checkpoint-refused', message: /instructions/ });
  assert.throws(() => value(']'.repeat(600_000)), { code: 'checkpoint-refused', message: /containers/ });
  assert.throws(() => value(`\x8b\0\x10\0\0${'x'.repeat(4096)}.`), {
    code: 'checkpoint-damaged',
    message: /4096 bytes/,
  });
  // A billion bytes are claimed, and never set aside.
  assert.throws(() => value('B\0\0\0\x40abc'), PickleCutOff);
  assert.throws(() => value('\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc'), PickleCutOff);
});

test('broken programs', () => {
  for (const text of [
    '.',
    '0.',
    '(.',
    'a.',
    ']a.',
    'h\x05.',
    'Nq\0}Nu.',
    '(NNNd.',
    'NNs.',
    'K\x01K\x02R.',
    '}NNR.',
    'e.',
    ']e.',
    'b.',
    '2.',
    'Inan\n.',
    '(2\x85.',
  ]) {
    assert.throws(() => value(text, createTorchHost('x')), { code: 'checkpoint-damaged' }, JSON.stringify(text));
  }
  for (const text of ['', 'J\0', 'X\x05\0\0\0ab', 'cos', '\x80']) assert.throws(() => value(text), PickleCutOff);
});
