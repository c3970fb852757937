/** TensorFlow's SavedModel: a folder with `saved_model.pb` and the weights as a bundle in `variables/`. */
import { AppError } from '../../contract/errors.ts';
import type { Importer } from './checkpoint.ts';
import { savedGraph, savedNames } from './saved-model-graph.ts';
import { isTable } from './sstable.ts';
import { bundleCheckpoint, openBundle } from './tensor-bundle.ts';
import { keepTfGraph } from './tf-graph.ts';

const INDEX = 'variables/variables.index';

/** Opens the folder, or the `saved_model.pb` in it. The graph that TensorFlow would run is read by `tfGraphOf` where somebody asks. */
export const savedModel: Importer = {
  format: 'saved-model',
  async match(head, file) {
    const model = file.isFolder ? await file.open('saved_model.pb') : looksSaved(head) ? file : undefined;
    if (model === undefined || model.isFolder) return false;
    const index = await file.open(INDEX);
    return index !== undefined && (await isTable(index));
  },
  async open(file) {
    const model = file.isFolder ? await file.open('saved_model.pb') : file;
    if (model === undefined) throw new AppError('checkpoint-damaged', `${file.path} has no saved_model.pb.`);
    const bundle = await openBundle(file, INDEX);
    const graph = await savedGraph(model);
    return keepTfGraph(bundleCheckpoint('saved-model', file, bundle, savedNames(bundle, graph)), model);
  },
};

/** A SavedModel message begins with its schema version 1 (field 1) and a meta graph (field 2). ONNX's first bytes can be the same. */
function looksSaved(head: Uint8Array): boolean {
  return head[0] === 0x08 && head[1] === 1 && head[2] === 0x12;
}
