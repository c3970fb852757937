import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_PRESETS } from '../../../app/contract/settings.ts';
import { ACTIONS } from '../../../app/renderer/keys/actions.ts';
import { chordOf, normalChord, showChord, type KeyPress } from '../../../app/renderer/keys/chords.ts';
import { actionsByChord, conflicts, keysOf } from '../../../app/renderer/keys/key-map.ts';
import { KEY_MAPS } from '../../../app/renderer/keys/presets.ts';

const press = (code: string, held: Partial<KeyPress> = {}): KeyPress => ({
  ...{ code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false },
  ...held,
});

test('a chord is the physical key, with Mod for Cmd on macOS and Ctrl elsewhere', () => {
  assert.equal(chordOf(press('KeyZ', { ctrlKey: true, shiftKey: true }), false), 'Mod+Shift+KeyZ');
  assert.equal(chordOf(press('KeyZ', { metaKey: true }), true), 'Mod+KeyZ');
  assert.equal(chordOf(press('Semicolon', { ctrlKey: true }), true), 'Ctrl+Semicolon');
  assert.equal(chordOf(press('Space'), false), 'Space');
  assert.equal(chordOf(press('ShiftLeft', { shiftKey: true }), false), undefined);
  assert.equal(chordOf(press(''), false), undefined);
});

test('chords are brought into one form, and what is none is refused', () => {
  assert.equal(normalChord('Shift+Mod+KeyZ'), 'Mod+Shift+KeyZ');
  for (const bad of ['', 'z', 'Shift', 'Mod', 'Mod+', 'Hyper+KeyA', 'Mod+ShiftLeft', 'KeyA+Mod', '<b>'])
    assert.equal(normalChord(bad), undefined, bad);
});

test('chords are shown as people write them, with the letter the layout has there', () => {
  assert.equal(showChord('Mod+Shift+KeyZ', false), 'Ctrl+Shift+Z');
  assert.equal(showChord('Mod+Shift+KeyZ', true), '⌘⇧Z');
  assert.equal(showChord('Mod+KeyZ', false, new Map([['KeyZ', 'y']])), 'Ctrl+Y');
  assert.equal(showChord('Shift+Slash', false), 'Shift+/');
});

test('every preset names actions that exist, by chords in their one form, and none twice', () => {
  const ids = new Set(ACTIONS.map(({ id }) => id));
  assert.equal(ids.size, ACTIONS.length);
  for (const preset of KEY_PRESETS) {
    for (const [id, chords] of Object.entries(KEY_MAPS[preset])) {
      assert.ok(ids.has(id), `${preset}: ${id}`);
      for (const chord of chords) assert.equal(normalChord(chord), chord, `${preset}: ${id}`);
    }
    const twice = [...conflicts(keysOf({ preset, changed: {} }))];
    assert.deepEqual(twice, [], preset);
  }
});

test('hands find what they know', () => {
  const does = (preset: (typeof KEY_PRESETS)[number], chord: string) =>
    actionsByChord(keysOf({ preset, changed: {} })).get(chord)?.[0];
  for (const preset of KEY_PRESETS) {
    assert.equal(does(preset, 'Space'), 'play.toggle');
    assert.equal(does(preset, 'KeyI'), 'play.in');
    assert.equal(does(preset, 'Mod+KeyZ'), 'edit.undo');
    assert.equal(does(preset, 'Shift+Slash'), 'help.keys');
  }
  assert.equal(does('premiere', 'Mod+KeyK'), 'edit.split');
  assert.equal(does('resolve', 'Mod+KeyB'), 'edit.split');
  assert.equal(does('finalcut', 'Mod+KeyB'), 'edit.split');
  assert.equal(does('losslesscut', 'KeyB'), 'edit.split');
  assert.equal(does('losslesscut', 'KeyK'), 'play.toggle');
  assert.equal(does('resolve', 'Mod+KeyR'), 'retime.curve');
});

test('changes win over the preset; an empty list takes the keys away; what is no chord is left out', () => {
  const changed = { 'edit.split': ['Shift+Mod+KeyX', 'nonsense'], 'edit.marker': [], 'play.in': ['KeyS'] };
  const keys = keysOf({ preset: 'inbetween', changed });
  assert.deepEqual(keys.get('edit.split'), ['Mod+Shift+KeyX']);
  assert.deepEqual(keys.get('edit.marker'), []);
  const clash = keysOf({ preset: 'inbetween', changed: { 'play.in': ['KeyO'] } });
  assert.deepEqual([...conflicts(clash)], [['KeyO', ['play.in', 'play.out']]]);
  // Accepting a span and accepting a cut never meet; accepting a span and splitting one do.
  const shared = keysOf({ preset: 'inbetween', changed: {} });
  assert.deepEqual(shared.get('tags.accept'), shared.get('cut.accept'));
  const met = keysOf({ preset: 'inbetween', changed: { 'edit.split': ['KeyA'] } });
  assert.deepEqual(
    [...conflicts(met)].map(([chord, ids]) => [chord, ids.toSorted()]),
    [['KeyA', ['cut.accept', 'edit.split', 'tags.accept']]],
  );
});
