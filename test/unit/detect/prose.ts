// Ordinary text for tests and benchmarks, the same for the same seed: words, numbers, dates, money, code names, lists and emphasis.

const WORDS =
  `the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there
would their we him been has when who will no more if out so what time up said about other into than its only could new them man some these then two may first
like any now my such make over our even most me state after also made many did must before back see through way where get much go well your know should down
work year because come people just say each those take day good how long little use here three think both life being under never same last another while us
might great old year off come since against right came take used himself few house without again place American around however home small found mother
thought went say part once general high upon school every does got united left number course war until always away something fact water though public put
less four next five almost enough government system better night hand later point program city business give group toward young days let room within
side social present given several order national possible rather second face per among form often early important configuration state-of-the-art
internationalization responsibilities characterisation implementation don't it's we've O'Neill re-evaluate long-term follow-up e.g. i.e.`.split(
    /\s+/,
  )

/** Deterministic numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** About `chars` characters of English-like text. */
export function proseOf(seed: number, chars: number): string {
  const random = randomOf(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const int = (below: number): number => Math.floor(random() * below)
  const odd: readonly (() => string)[] = [
    () => String(int(3000)),
    () => `${1 + int(12)}:${10 + int(50)}`,
    () => `20${10 + int(20)}-0${1 + int(9)}-${10 + int(18)}`,
    () => `$${int(900)}.${10 + int(90)}`,
    () => `version ${int(9)}.${int(20)}.${int(9)}`,
    () => `**${pick(WORDS)}**`,
    () => `\`${pick(WORDS)}_${pick(WORDS)}()\``,
    () => `(${pick(WORDS)} ${pick(WORDS)})`,
    () => `${10 + int(80)}%`,
    () => `\n\n- ${pick(WORDS)}:`,
    () => `"${pick(WORDS)} ${pick(WORDS)},"`,
  ]
  const words: string[] = []
  for (let length = 0, inSentence = 0; length < chars;) {
    const word = random() < 0.06 ? pick(odd)() : pick(WORDS)
    const isLast = ++inSentence > 5 && random() < 0.1
    words.push(isLast ? `${word}.` : random() < 0.06 ? `${word},` : word)
    if (isLast) inSentence = 0
    length += word.length + 1
  }
  return words.join(' ').slice(0, chars)
}

/** Cuts a text as models do: pieces of one to eight characters that begin with the blank. */
export function tokensOf(text: string): readonly string[] {
  return (text.match(/\s?\S{1,7}|\s+/g) ?? []).flatMap((piece) => (piece.length > 6 ? [piece.slice(0, 4), piece.slice(4)] : [piece]))
}
