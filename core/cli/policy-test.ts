// `policy test`: what failed, with carets, and on request what no test reaches, with the reason.
import { count, pad, paintFor, wrap, type Paint, type Screen } from './policy-output.ts'
import {
  diagnosticsToJson,
  renderDiagnostics,
  runSetTests,
  widthOf,
  type PolicyCoverage,
  type PolicySet,
  type Uncovered,
} from '../policy/toolbox.ts'

export interface TestReport {
  readonly failed: number
  /** For programs. */
  readonly json: object
  /** For people. */
  readonly text: string
}

/** Runs the tests of a set that checks. */
export async function testPolicies(set: PolicySet, options: { readonly coverage: boolean; readonly screen: Screen }): Promise<TestReport> {
  const { results, coverage } = await runSetTests(set, options.coverage)
  const failures = results.flatMap(({ test: { title }, failures: all }) =>
    all.map(({ span, message }) => ({ code: 'T001', severity: 'error' as const, span, message: `test "${title}": ${message}` })),
  )
  const failed = results.filter((result) => result.failures.length > 0).length
  const tests = results.map((result) => ({ title: result.test.title, failures: result.failures }))
  const { screen } = options
  const shown = [
    ...(failures.length > 0 ? [renderDiagnostics(failures, set.files, screen)] : []),
    ...(results.length === 0 ? ['warning: there is no test in these files'] : []),
    `${results.length - failed} passed, ${failed} failed`,
    ...(coverage === null ? [] : [showCoverage(coverage, set, screen)]),
  ]
  return {
    failed,
    json: {
      passed: results.length - failed,
      failed,
      tests,
      ...(coverage === null ? {} : { coverage: coverage.map((one) => coverageJson(one, set)) }),
    },
    text: shown.join('\n'),
  }
}

function coverageJson({ policy, overlay, reached, total, uncovered, untestable }: PolicyCoverage, { files }: PolicySet): object {
  const placed = ({ branch, text, reason, span }: Uncovered): object => {
    const [{ file, start, end }] = diagnosticsToJson([{ code: '', severity: 'info', message: '', span }], files) as [
      ReturnType<typeof diagnosticsToJson>[0],
    ]
    return { branch, text, reason, file, start, end }
  }
  return { policy, overlay, reached, total, uncovered: uncovered.map(placed), untestable: untestable.map(placed) }
}

// ── coverage for people ──────────────────────────────────────────────────────────────────────────────────────────────

const WHAT: { readonly [branch in Uncovered['branch']]: string } = {
  fires: 'never fires',
  silent: 'never silent',
  and: 'never false',
  or: 'never true',
  unless: 'never exempts',
  exception: 'never exempts',
  'on error': 'not testable',
}

function showCoverage(coverage: readonly PolicyCoverage[], set: PolicySet, screen: Screen): string {
  const sum = (pick: (one: PolicyCoverage) => number): number => coverage.reduce((all, one) => all + pick(one), 0)
  const total = `${sum(({ reached }) => reached)} of ${sum((one) => one.total)} branches reached in ${count(coverage.length, 'policy', 'policies')}`
  const lines = screen.columns === null ? plainLines(coverage, set) : table(coverage, set, screen.columns, paintFor(screen))
  return [...lines, total].join('\n')
}

const nameOf = ({ policy, overlay }: PolicyCoverage): string => (overlay === null ? policy : `${policy} (overlay ${overlay})`)

/** The policy itself needs no excerpt beside its name. */
const excerptOf = ({ branch, text }: Uncovered): string => (branch === 'fires' || branch === 'silent' ? '' : ` \`${text}\``)

/** One finding per line, as compilers write them. */
function plainLines(coverage: readonly PolicyCoverage[], set: PolicySet): readonly string[] {
  return coverage.flatMap((one) =>
    [...one.uncovered, ...one.untestable].map(
      (missed) => `${placeOf(missed, set)}: ${nameOf(one)}: ${WHAT[missed.branch]}${excerptOf(missed)}: ${missed.reason}`,
    ),
  )
}

function placeOf({ span }: Uncovered, { files }: PolicySet): string {
  const [place] = diagnosticsToJson([{ code: '', severity: 'info', message: '', span }], files)
  return place ? `${place.file}:${place.start.line}:${place.start.column}` : span.file
}

const BAR = 10

/** A table of the policies, and below each what is missing. */
function table(coverage: readonly PolicyCoverage[], set: PolicySet, columns: number, paint: Paint): readonly string[] {
  const width = Math.max(6, ...coverage.map((one) => widthOf(nameOf(one))))
  const head = `  ${pad('policy', width)}  ${pad('reached', BAR)}`
  return [
    '',
    paint('dim', head),
    paint('dim', `  ${'─'.repeat(width)}  ${'─'.repeat(BAR + 6)}`),
    ...coverage.flatMap((one) => [
      row(one, width, paint),
      ...[...one.uncovered, ...one.untestable].flatMap((missed) => details(missed, set, columns, paint)),
    ]),
    '',
  ]
}

function row(one: PolicyCoverage, width: number, paint: Paint): string {
  const isWhole = one.reached === one.total
  const filled = one.total === 0 ? BAR : Math.floor((BAR * one.reached) / one.total)
  const bar = paint(isWhole ? 'green' : 'yellow', '█'.repeat(filled)) + paint('dim', '░'.repeat(BAR - filled))
  return `${paint(isWhole ? 'green' : 'red', isWhole ? '✓' : '✗')} ${pad(nameOf(one), width)}  ${bar} ${one.reached}/${one.total}`
}

function details(missed: Uncovered, set: PolicySet, columns: number, paint: Paint): readonly string[] {
  const color = missed.branch === 'on error' ? 'dim' : 'yellow'
  const head = `    ${paint(color, WHAT[missed.branch])}${excerptOf(missed)} ${paint('dim', placeOf(missed, set))}`
  return [head, ...wrap(missed.reason, Math.max(30, columns - 6)).map((line) => `      ${line}`)]
}
