// Ordinary prose that depends on a seed text and says nothing: 60 to 200 tokens of plain sentences.

const OPENINGS = ['In short,', 'As far as it goes,', 'Put simply,', 'At first sight,', 'In practice,', 'On reflection,']
const SUBJECTS = [
  'the question',
  'a good plan',
  'this approach',
  'the usual answer',
  'a careful reader',
  'the simplest way',
  'every team',
  'the next step',
]
const VERBS = ['depends on', 'begins with', 'asks for', 'gains from', 'leads to', 'rests upon', 'leaves room for', 'is shaped by']
const OBJECTS = [
  'a clear goal',
  'the people involved',
  'small and steady steps',
  'what is already known',
  'an honest measure',
  'some patience',
  'a second look',
  'the details',
]
const ENDINGS = [
  '',
  ', most of the time',
  ', and that is enough',
  ', which is easy to overlook',
  ', as experience shows',
  ', at least for now',
]

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** Mulberry32: small, even, and the same everywhere. */
function drawFrom(seed: number): <T>(list: readonly T[]) => T {
  let state = seed
  return (list) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return list[((mixed ^ (mixed >>> 14)) >>> 0) % list.length]!
  }
}

export function sentences(seedText: string): string {
  const seed = hash(seedText)
  const draw = drawFrom(seed)
  const count = 6 + (seed % 7)
  const out: string[] = []
  for (let i = 0; i < count; i++) {
    const core = `${draw(SUBJECTS)} ${draw(VERBS)} ${draw(OBJECTS)}${draw(ENDINGS)}.`
    out.push(i % 3 === 0 ? `${draw(OPENINGS)} ${core}` : core[0]!.toUpperCase() + core.slice(1))
  }
  return out.join(' ')
}
