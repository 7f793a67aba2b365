// Lets a bound policy set judge one exchange that nobody sent, before anybody waits: the sets of detectors that its policies ask for are
// prepared with it, and their automata know ordinary text.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ContentScan } from './content-scan.ts'
import { exampleJudge } from './example-judge.ts'
import { scanFor, spanCallsOf } from './spans.ts'
import { StreamGovernor } from './stream-governor.ts'
import type { AnswerView, TargetView } from '../plugin/contract.ts'
import type { BoundPolicies } from './bind.ts'
import type { Decision } from './language.ts'
import type { Detection } from '../detect/port.ts'
import type { Location } from '../model/content.ts'

/** What people write: words and their capitals, figures, addresses, a date, code. Nothing in it is anybody's. */
const ORDINARY = `Please explain in two or three sentences how it works, and what I should change. Thanks!
The meeting on 12 March 2026 at 10:30 was moved; see https://www.example.com/docs/guide?page=2#top or write to team@example.com.
1. First, run \`npm install --save-dev pkg@1.4.2\` (version 3.14 or newer).  2. Then open "src/index.ts":
export const total = items.filter((item) => item.price > 0).map(({ price }) => price * 1.19) // {"id": 42, "ok": true}
WHY does Order No. 48-2017 cost $1,299.00, 20% more than before? Call us: we're at 7 Long Street, Springfield.
`
const CHANNEL = '0/text'
const NO_VIEW = {} as TargetView
const NO_ANSWER = {} as AnswerView

/** Never throws: what fails here fails again, and is told, where it matters. */
export async function warmPolicies(bound: BoundPolicies): Promise<void> {
  try {
    await judgeOrdinary(bound)
  } catch {
    // A resolver of a plugin that wants more of an exchange than there is; the sets before it are warm.
  }
}

async function judgeOrdinary(bound: BoundPolicies): Promise<void> {
  const prompt = contentOf(bound, 'prompt.user')
  const judge = exampleJudge(bound, new Map(), null)
  await scanProtected(bound, prompt, await judge.decideRequest(NO_VIEW, prompt))
  await scanProtected(bound, prompt, await judge.decideTarget(NO_VIEW, prompt))
  const streamed = judge.fork()
  for (const detectors of bound.streamDetectors) await bound.detection.prepare(detectors)
  await nextTurn()
  const governor = new StreamGovernor(bound, streamed, await streamed.foresee('stream', NO_VIEW, prompt), () => {})
  governor.push(CHANNEL, ORDINARY)
  governor.end(CHANNEL)
  const completion = contentOf(bound, 'completion.text')
  await scanProtected(bound, completion, await judge.decideResponse(NO_ANSWER, prompt, completion))
}

/** Services are left alone: they have nothing to prepare here, and may not be there yet. */
function contentOf({ detection, scanDeadlineMs }: BoundPolicies, location: Location): ContentScan {
  const patternsOnly: Pick<Detection, 'scan'> = {
    scan: async (texts, detectors, deadlineMs) => {
      const services = detection.engineMembers(detectors)
      const rest = services.length === 0 ? detectors : detectors.filter((name) => !services.includes(name))
      await detection.prepare(rest)
      await nextTurn()
      return detection.scan(texts, rest, deadlineMs)
    },
  }
  return new ContentScan(patternsOnly, [{ location, text: ORDINARY, path: [], rewritable: true, encoding: 'text' }], scanDeadlineMs)
}

async function scanProtected({ words, detection }: BoundPolicies, content: ContentScan, { effects }: Decision): Promise<void> {
  await scanFor(spanCallsOf(effects, words, detection), content)
}
