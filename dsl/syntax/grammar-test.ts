// The block that shows what a file is meant to do: in-file tests.
import { DetectorParser } from './grammar-detector.ts'
import type { Rule } from './grammar-values.ts'
import * as T from './tokens.ts'

const K = T.K

export abstract class TestParser extends DetectorParser {
  protected readonly test: Rule = this.RULE('test', () => {
    this.CONSUME(K.test)
    this.SUBRULE(this.text)
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.testClause))
    this.CONSUME(T.RightBrace)
  })

  protected readonly testClause: Rule = this.RULE('testClause', () => {
    this.OR({
      ERR_MSG: 'testClause',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.given)
            this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.assignment) })
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.message)
            this.CONSUME(T.Name)
            this.SUBRULE(this.text)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.answer)
            this.SUBRULE2(this.text)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.chunks)
            this.SUBRULE(this.texts)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.expect)
            this.SUBRULE(this.expectation)
          },
        },
      ],
    })
  })

  protected readonly assignment: Rule = this.RULE('assignment', () => {
    this.SUBRULE(this.path)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
  })

  protected readonly expectation: Rule = this.RULE('expectation', () => {
    this.OR({
      ERR_MSG: 'expectation',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.policy)
            this.SUBRULE(this.path)
            this.OR2({ ERR_MSG: 'outcome', DEF: [{ ALT: () => this.CONSUME(K.fires) }, { ALT: () => this.CONSUME(K.silent) }] })
          },
        },
        { ALT: () => this.SUBRULE(this.bareablePhrase) },
      ],
    })
  })
}
