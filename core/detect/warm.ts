// Lets an automaton know ordinary text before anybody waits for it: the first walk works out most of what all further ones look up, which for
// all detectors that are shipped is more than the event loop should bear at once.
import { inSlices, type Automaton } from './automaton.ts'
import { Candidates } from './candidates.ts'

/** What people write: words and their capitals, figures, addresses, a date, code. Nothing in it is anybody's. */
export const ORDINARY = `Please explain in two or three sentences how it works, and what I should change. Thanks!
The meeting on 12 March 2026 at 10:30 was moved; see https://www.example.com/docs/guide?page=2#top or write to team@example.com.
1. First, run \`npm install --save-dev pkg@1.4.2\` (version 3.14 or newer).  2. Then open "src/index.ts":
export const total = items.filter((item) => item.price > 0).map(({ price }) => price * 1.19) // {"id": 42, "ok": true}
WHY does Order No. 48-2017 cost $1,299.00, 20% more than before? Call us: we're at 7 Long Street, Springfield.
`
/** Some hundred microseconds each when everything is new. */
const PIECE_CHARS = 2

const warm = new WeakSet<Automaton>()

/** Reads the text with pauses for the event loop, once for each automaton. */
export async function warmAutomaton(automaton: Automaton): Promise<void> {
  if (warm.has(automaton)) return
  warm.add(automaton)
  await inSlices(pieces(automaton))
}

function* pieces(automaton: Automaton): Generator<void, void> {
  const candidates = new Candidates(automaton)
  for (let at = 0; at < ORDINARY.length; at += PIECE_CHARS) {
    candidates.read(ORDINARY.slice(at, at + PIECE_CHARS))
    yield
  }
  candidates.finish()
}
