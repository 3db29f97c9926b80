import { FatalStartError } from '@tickpath/runtime';
import type { FeedIdentity } from '@tickpath/wire';

export interface IdentifiedFeed {
  readonly name: string;
  /** The run of a venue that names none: its host. */
  readonly run: string;
  /** A public exchange names no run and is live, so that nothing of it has to be waited for. */
  readonly isPublic: boolean;
}

/** What the one stream says of all the feeds behind it. */
export interface StreamIdentity {
  /** What is known before anything is connected. */
  initial(): FeedIdentity | undefined;
  /** Undefined while another feed is waited for. Throws `FEEDS_DIFFER` when one feed is a replay and another is live. */
  upgraded(feed: string, shown: FeedIdentity): FeedIdentity | undefined;
  /** The feed could not be connected: it is not waited for any longer. */
  failed(feed: string): FeedIdentity | undefined;
}

interface Part extends IdentifiedFeed {
  isKnown: boolean;
  /** The run that its venue has shown last. */
  shown: string | undefined;
  /** What stands for it in the stream's run. */
  told: string;
  pace: FeedIdentity['pace'] | undefined;
}

/**
 * Followers begin anew when the run changes, so it is said as late as it is known of every feed and changed as seldom as
 * it can be: a feed that connects for the first time after that has shown nothing that would have to be forgotten, and
 * keeps the name that was told; only a second run of it is another run of the stream.
 */
export function createStreamIdentity(feeds: readonly IdentifiedFeed[]): StreamIdentity {
  const isOne = feeds.length === 1;
  const parts = new Map(feeds.map((feed): [string, Part] => [feed.name, partOf(feed, !isOne && feed.isPublic)]));
  let isTold = false;

  const told = (): FeedIdentity | undefined => {
    const all = [...parts.values()];
    if (!all.every(({ isKnown }) => isKnown)) return undefined;
    isTold = true;
    const pace = all.some((part) => part.pace === 'replay') ? 'replay' : 'live';
    return { run: all.map((part) => part.told).join('+'), pace };
  };

  return {
    initial: told,
    upgraded(feed, { run, pace }) {
      const part = parts.get(feed);
      if (part === undefined) return undefined;
      const isFirst = part.shown === undefined;
      if ((isFirst && (isOne || !isTold)) || (!isFirst && part.shown !== run)) part.told = run;
      Object.assign(part, { shown: run, pace, isKnown: true });
      const other = [...parts.values()].find((each) => each.pace !== undefined && each.pace !== pace);
      if (other !== undefined) {
        const text = `${feed} is at pace ${pace}, ${other.name} at pace ${other.pace}; feeds of one stream are all live or all replays`;
        throw new FatalStartError('FEEDS_DIFFER', text);
      }
      return told();
    },
    failed(feed) {
      const part = parts.get(feed);
      // A feed alone names its run once it has one.
      if (part === undefined || isOne || part.isKnown) return undefined;
      part.isKnown = true;
      return told();
    },
  };
}

function partOf(feed: IdentifiedFeed, isKnown: boolean): Part {
  return { ...feed, isKnown, shown: undefined, told: feed.run, pace: isKnown ? 'live' : undefined };
}
