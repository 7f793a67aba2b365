// What a wave has to resolve, worked out once per set of open slots: most requests of a snapshot need the same.
import type { Detection } from '../detect/port.ts'
import { locationsOf } from './locations.ts'
import type { Program } from '../../dsl/index.ts'

export interface WantedFinding {
  readonly slot: number
  readonly members: readonly string[]
  readonly locations: ReadonlySet<string>
  readonly isPrompt: boolean
  readonly field: 'count' | 'score'
}

export interface Needs {
  readonly attributes: readonly number[]
  readonly findings: readonly WantedFinding[]
  /** All detectors (no unions) and all places behind the findings. */
  readonly members: readonly string[]
  readonly locations: ReadonlySet<string>
}

/** Plans are kept by identity: a program gives the same list for the same slots, and never changes one. Other lists are only planned anew. */
export function needsPlanner(program: Program, detection: Detection): (slots: readonly number[]) => Needs {
  const known = new WeakMap<readonly number[], Needs>()
  return (slots) => {
    let needs = known.get(slots)
    if (needs === undefined) known.set(slots, (needs = plan(slots, program, detection)))
    return needs
  }
}

function plan(slots: readonly number[], program: Program, detection: Detection): Needs {
  const findings = slots.flatMap((slot): WantedFinding[] => {
    const source = program.slots[slot]!
    if (source.kind !== 'finding') return []
    const { detector, location, field } = source
    return [
      { slot, members: detection.members(detector), locations: locationsOf(location), isPrompt: location.startsWith('prompt'), field },
    ]
  })
  return {
    attributes: slots.filter((slot) => program.slots[slot]!.kind === 'attribute'),
    findings,
    members: [...new Set(findings.flatMap(({ members }) => members))].sort(),
    locations: new Set(findings.flatMap(({ locations }) => [...locations])),
  }
}
