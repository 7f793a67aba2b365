// Lets a bound policy set judge one exchange that nobody sent, before anybody waits: the sets of detectors that its policies ask for are
// prepared with it, and their automata know ordinary text.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ORDINARY } from '../detect/index.ts'
import { ContentScan } from './content-scan.ts'
import { exampleJudge } from './example-judge.ts'
import { scanFor, spanCallsOf } from './spans.ts'
import { StreamGovernor } from './stream-governor.ts'
import type { AnswerView, TargetView } from '../plugin/contract.ts'
import type { BoundPolicies } from './bind.ts'
import type { Decision } from './language.ts'
import type { Detection } from '../detect/port.ts'
import type { Location } from '../model/content.ts'

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
  const governor = new StreamGovernor(bound, streamed, await streamed.foresee('stream', NO_VIEW, prompt), () => {})
  // A stream is scanned for what all of its policies ask for, as one set.
  await bound.detection.prepare(governor.detectors)
  await nextTurn()
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
