/** Pushes from the core to whoever listens: every window and page. */
import type { Topic, Topics } from '../../contract/api.ts';

export interface TopicBus {
  emit<T extends Topic>(topic: T, payload: Topics[T]): void;
  /** Hears everything from now on; returns its unsubscribe. */
  listen(listener: (topic: Topic, payload: Topics[Topic]) => void): () => void;
}

export function createTopicBus(): TopicBus {
  const listeners = new Set<(topic: Topic, payload: Topics[Topic]) => void>();
  return {
    emit(topic, payload) {
      for (const listener of listeners) listener(topic, payload);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
