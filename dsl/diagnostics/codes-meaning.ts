// P1xx and beyond: what is wrong with the meaning of a policy, its detectors or its operation.
import type { CodeEntry } from './code-entry.ts'

export const MEANING_CODES: readonly CodeEntry[] = [
  {
    code: 'P101',
    title: 'declared twice',
    explanation: 'A name stands for one thing: within a module for names, over all modules for the ids of policies.',
  },
  {
    code: 'P102',
    title: 'unknown module',
    explanation: 'No loaded file declares the module. Check the name, or add the path of its files.',
  },
  { code: 'P103', title: 'unknown policy', explanation: 'No loaded file declares a policy of this id.' },
  {
    code: 'P104',
    title: 'unknown attribute or field',
    explanation:
      'Attributes come from plugins, from `attribute`, `param`, `const` and `list`. The plugin that brings this one may not be loaded.',
  },
  {
    code: 'P105',
    title: 'unknown detector',
    explanation: 'Neither this module nor an imported one declares the detector, and no loaded plugin brings it.',
  },
  { code: 'P106', title: 'unknown verb', explanation: 'Verbs come from plugins; the one that brings this verb may not be loaded.' },
  {
    code: 'P107',
    title: 'phrase does not fit its template',
    explanation: 'Each verb states which operands and prepositions it takes; the help line shows the template.',
  },
  {
    code: 'P108',
    title: 'operand does not fit',
    explanation: 'The operand is of another type than the template of the verb asks for, or none of its words.',
  },
  { code: 'P109', title: 'unknown list', explanation: 'The module declares no list of this name.' },
  {
    code: 'P110',
    title: 'types do not fit',
    explanation: 'Nothing is converted: the two sides of a test must be of the types it is made for.',
  },
  {
    code: 'P111',
    title: 'has no value',
    explanation: 'Detectors and places in the content have no value of their own; write `prompt contains DETECTOR`.',
  },
  { code: 'P112', title: 'value out of range', explanation: 'The value is none of those the attribute can have, or outside its bounds.' },
  {
    code: 'P113',
    title: 'policy without a phase',
    explanation: 'A policy says when it is judged: `on request`, `on target`, `on response` or `on stream`.',
  },
  {
    code: 'P114',
    title: 'clause twice or missing',
    explanation: 'The clause stands at most once, a module has one default per phase, and a test one answer and at least one expectation.',
  },
  { code: 'P115', title: 'policy without an effect', explanation: 'A policy that does nothing has no reason to be; give it an effect.' },
  {
    code: 'P116',
    title: 'code of a refusal',
    explanation:
      'The code of `deny` has a dot. Codes without one belong to the error table: they keep its status, and only the standard modules raise them.',
  },
  {
    code: 'P117',
    title: '`on error` lets through without an owner',
    explanation: 'Anything but `deny`, `require` and `route` lets requests through unchecked. Somebody answers for that: name an `owner`.',
  },
  {
    code: 'P118',
    title: 'detector that finds nothing',
    explanation: 'A detector needs a `pattern`, a `list`, or `any` with other detectors.',
  },
  { code: 'P119', title: 'unknown check', explanation: 'Checks come from plugins; the one that brings this check may not be loaded.' },
  {
    code: 'P120',
    title: 'absence would decide',
    explanation:
      'The attribute may be absent, and the test would then be true because of it. Say what absence means, with `exists` or `??`.',
  },
  { code: 'P121', title: 'test for presence that is always true', explanation: 'The attribute is never absent, so the test says nothing.' },
  {
    code: 'P122',
    title: 'counter over an optional attribute',
    explanation: 'All callers without the attribute would share one counter; limit the policy to those that have it.',
  },
  {
    code: 'P123',
    title: 'allows on the word of the caller',
    explanation:
      'What a request says of itself can be made up. An `allow` should rest on something proved as well: the key, the tenant, the user, the network.',
  },
  {
    code: 'P124',
    title: 'union that is none',
    explanation:
      'A union stands for the detectors after `any`: it has no pattern, check or score of its own, and is not among its own members.',
  },
  {
    code: 'P125',
    title: 'element with the name of something else',
    explanation: 'The element of a quantifier would hide an attribute, a value or another element. Give it a name of its own.',
  },
  {
    code: 'P126',
    title: 'exception that is not whole',
    explanation:
      'An exception has `when`, `until`, `ticket` and `owner`, all four, and nothing else: it says when a policy does not hold, until which day, and who answers for that.',
  },
  {
    code: 'P127',
    title: 'list whose file cannot be used',
    explanation:
      'The file of a list lies in the folder of the policies, is UTF-8 text with one value on each line, and holds at least one. Lines that begin with `#` are comments.',
  },
  {
    code: 'P128',
    title: 'overlay that could loosen',
    explanation:
      'An overlay moves a param within the bounds of its declaration and raises modes. To loosen a policy for somebody, write an `exception`.',
  },
  {
    code: 'P129',
    title: 'overlays disagree',
    explanation: 'A tenant has one value of a param, whatever the order of the overlays.',
  },
  {
    code: 'P130',
    title: 'wrong phase',
    explanation: 'What the policy uses is not known, or can no longer be changed, in the phase in which it is judged.',
  },
  { code: 'P131', title: 'verb in the wrong phase', explanation: 'Each verb states the phases in which it can act.' },
  {
    code: 'P132',
    title: 'two tests with one title',
    explanation: 'Reports name a test by its title, so that titles within a module differ.',
  },
  {
    code: 'P133',
    title: 'attribute that cannot be set',
    explanation: 'The verb changes some parameters of the request, and this is none of them.',
  },
  {
    code: 'P134',
    title: 'attribute that cannot be declared',
    explanation:
      'A module declares members of a family that a plugin opened, such as the keys of `metadata.*`, with the type of the family.',
  },
  {
    code: 'P135',
    title: 'lists within lists within lists',
    explanation:
      'The worst cost of a condition is bounded: a caller decides how long its lists are, so that at most two are walked within each other. Lists that are fields of an element do not count. Where the two make more than a million pairs, the policy acts through its `on error`.',
  },
  {
    code: 'P136',
    title: 'overlays make too many variants',
    explanation:
      'Each set of overlays that some tenants have makes a variant of each policy that it touches, and there is room for 20,000 of them. Let one overlay speak for all tenants that have the same, or read what differs from an attribute of the tenant.',
  },
  {
    code: 'P140',
    title: 'negation or count over a stream',
    explanation:
      'What is known about an answer grows while it streams, so what it does not contain is known at its end alone. Judge it whole: `on response` and `buffer completion`.',
  },
  {
    code: 'P141',
    title: 'rewriting in a stream by another finding',
    explanation:
      'The text may have been sent before the other finding is known. Judge the whole answer: `on response` and `buffer completion`.',
  },
  {
    code: 'P142',
    title: 'holds streamed answers',
    explanation:
      'A policy `on response` alone judges an answer as a whole, so that a streamed one is held back until its end. Add the phase `stream`, or say with `buffer completion` that this is meant.',
  },
  {
    code: 'P190',
    title: 'not supported by this version',
    explanation: 'The grammar knows the construct; its meaning comes with a later version.',
  },
  {
    code: 'P201',
    title: 'detector misses its example',
    explanation: 'Every text under `examples` must be found. Correct the pattern, the checks, or the example.',
  },
  {
    code: 'P202',
    title: 'detector finds what it never should',
    explanation: 'No text under `never` may be found. Make the pattern narrower, or add a check.',
  },
  {
    code: 'P203',
    title: 'pattern that runs away on an example',
    explanation:
      'Examples are tried with an engine that backtracks, and on this text it would take too long, so it was not tried. Bound the repeats of the pattern, or make the example shorter.',
  },
  {
    code: 'P210',
    title: 'pattern outside the dialect',
    explanation: 'Patterns keep to what can be matched in linear time: bounded repeats, no look-around, no back-references.',
  },
  {
    code: 'P500',
    title: 'lets requests through on error',
    explanation: 'When the policy can not be judged, requests pass unchecked. Its owner should know that.',
  },
]
