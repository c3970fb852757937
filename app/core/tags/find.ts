/** Searching spans in words. */
import type { SpanPage, SpanQuery } from '../../contract/tags.ts';
import type { Library } from '../library/db.ts';
import { findSpans } from '../library/span-search.ts';
import { parseQuery } from './query.ts';

/** A page of what a query finds, by clip unless it says an order; `limit` may be Infinity. Throws 'bad-query'. */
export function searchSpans(db: Library, { text, order = 'clip' }: SpanQuery, offset: number, limit: number): SpanPage {
  const { terms, understood } = parseQuery(text);
  return { ...findSpans(db, { terms, order, offset, limit }), offset, understood };
}
