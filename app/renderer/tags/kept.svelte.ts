/** What whoever comes back to the tags view from another one finds as it was. */
import type { SpanOrder } from '../../contract/tags.ts';

class Kept {
  text = $state('');
  order: SpanOrder = $state('clip');
  mode: 'search' | 'review' | 'words' = $state('search');
  clip: string | null = $state(null);
  span: string | null = $state(null);
}

export const kept = new Kept();
