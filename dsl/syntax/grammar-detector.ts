// The block that says what to look for in content: detectors.
import { PolicyBlockParser } from './grammar-policy.ts'
import type { Rule } from './grammar-values.ts'
import * as T from './tokens.ts'

const K = T.K

export abstract class DetectorParser extends PolicyBlockParser {
  protected readonly detector: Rule = this.RULE('detector', () => {
    this.CONSUME(K.detector)
    this.CONSUME(T.Name)
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.detectorClause))
    this.CONSUME(T.RightBrace)
  })

  protected readonly detectorClause: Rule = this.RULE('detectorClause', () => {
    this.OR({
      ERR_MSG: 'detectorClause',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.pattern)
            this.CONSUME(T.Regex)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.any)
            this.SUBRULE(this.names)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.check)
            this.SUBRULE2(this.names)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.list)
            this.SUBRULE(this.path)
          },
        },
        { ALT: () => this.SUBRULE(this.near) },
        {
          ALT: () => {
            this.CONSUME(K.entropy)
            this.CONSUME(T.NumberLiteral)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.score)
            this.CONSUME2(T.NumberLiteral)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.examples)
            this.SUBRULE(this.texts)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.never)
            this.SUBRULE2(this.texts)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.normalize)
            this.SUBRULE3(this.names)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.group)
            this.CONSUME3(T.NumberLiteral)
          },
        },
      ],
    })
  })

  protected readonly near: Rule = this.RULE('near', () => {
    this.CONSUME(K.near)
    this.SUBRULE(this.texts)
    this.CONSUME(K.within)
    this.CONSUME(T.NumberLiteral, { LABEL: 'distance' })
    this.CONSUME(K.chars)
    this.CONSUME(K.adds)
    this.CONSUME2(T.NumberLiteral, { LABEL: 'bonus' })
  })
}
