// The grammar: files, declarations, clauses and phrases; conditions stand in `grammar-condition.ts`. It knows no verb, looks one token
// ahead and carries no actions; `build*.ts` read its tree. A word is an operand only directly behind a verb, a preposition or a comma.
import type { IToken, TokenType } from 'chevrotain'
import { ConditionParser, type Rule } from './grammar-condition.ts'
import { MESSAGES } from './parse-errors.ts'
import * as T from './tokens.ts'

const K = T.K

export class PolicyParser extends ConditionParser {
  constructor() {
    super(MESSAGES)
    this.performSelfAnalysis()
  }

  protected override messageFor(expected: TokenType, actual: IToken, ruleName: string): string {
    return MESSAGES.buildMismatchTokenMessage({ expected, actual, previous: actual, ruleName })
  }

  readonly file: Rule = this.RULE('file', () => {
    this.MANY(() => this.SUBRULE(this.declaration))
  })

  private readonly declaration: Rule = this.RULE('declaration', () => {
    this.OR({
      ERR_MSG: 'declaration',
      DEF: [
        { ALT: () => this.SUBRULE(this.module) },
        { ALT: () => this.SUBRULE(this.import) },
        { ALT: () => this.SUBRULE(this.list) },
        { ALT: () => this.SUBRULE(this.const) },
        { ALT: () => this.SUBRULE(this.param) },
        { ALT: () => this.SUBRULE(this.attribute) },
        { ALT: () => this.SUBRULE(this.default) },
        { ALT: () => this.SUBRULE(this.detector) },
        { ALT: () => this.SUBRULE(this.policy) },
        { ALT: () => this.SUBRULE(this.exception) },
        { ALT: () => this.SUBRULE(this.overlay) },
        { ALT: () => this.SUBRULE(this.test) },
      ],
    })
  })

  // --- declarations of one line

  private readonly module: Rule = this.RULE('module', () => {
    this.CONSUME(K.module)
    this.SUBRULE(this.path)
    this.OPTION(() => {
      this.CONSUME(K.version)
      this.CONSUME(T.Text)
    })
  })

  private readonly import: Rule = this.RULE('import', () => {
    this.CONSUME(K.import)
    this.SUBRULE(this.path)
    this.OPTION(() => {
      this.CONSUME(K.as)
      this.CONSUME(T.Name)
    })
  })

  private readonly list: Rule = this.RULE('list', () => {
    this.CONSUME(K.list)
    this.CONSUME(T.Name)
    this.OR({
      ERR_MSG: 'listSource',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(T.Assign)
            this.SUBRULE(this.listLiteral)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.from)
            this.CONSUME(T.Text)
          },
        },
      ],
    })
  })

  private readonly const: Rule = this.RULE('const', () => {
    this.CONSUME(K.const)
    this.CONSUME(T.Name)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
  })

  private readonly param: Rule = this.RULE('param', () => {
    this.CONSUME(K.param)
    this.CONSUME(T.Name)
    this.CONSUME(T.Colon)
    this.SUBRULE(this.typeName)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
    this.MANY(() => this.SUBRULE(this.bound))
  })

  private readonly bound: Rule = this.RULE('bound', () => {
    this.OR([{ ALT: () => this.CONSUME(K.min) }, { ALT: () => this.CONSUME(K.max) }])
    this.SUBRULE(this.literal)
  })

  private readonly attribute: Rule = this.RULE('attribute', () => {
    this.CONSUME(K.attribute)
    this.SUBRULE(this.path)
    this.CONSUME(T.Colon)
    this.SUBRULE(this.typeName)
  })

  /** `text`, `number?`, `list of text` */
  private readonly typeName: Rule = this.RULE('typeName', () => {
    this.MANY(() => {
      this.CONSUME(K.list)
      this.CONSUME(K.of)
    })
    this.CONSUME(T.Name)
    this.OPTION(() => this.CONSUME(T.Question))
  })

  private readonly default: Rule = this.RULE('default', () => {
    this.CONSUME(K.default)
    this.CONSUME(T.Name, { LABEL: 'phase' })
    this.OR({
      ERR_MSG: 'verdict',
      DEF: [{ ALT: () => this.CONSUME(K.allow, { LABEL: 'verdict' }) }, { ALT: () => this.CONSUME2(T.Name, { LABEL: 'verdict' }) }],
    })
  })

  // --- detectors

  private readonly detector: Rule = this.RULE('detector', () => {
    this.CONSUME(K.detector)
    this.CONSUME(T.Name)
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.detectorClause))
    this.CONSUME(T.RightBrace)
  })

  private readonly detectorClause: Rule = this.RULE('detectorClause', () => {
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

  private readonly near: Rule = this.RULE('near', () => {
    this.CONSUME(K.near)
    this.SUBRULE(this.texts)
    this.CONSUME(K.within)
    this.CONSUME(T.NumberLiteral, { LABEL: 'distance' })
    this.CONSUME(K.chars)
    this.CONSUME(K.adds)
    this.CONSUME2(T.NumberLiteral, { LABEL: 'bonus' })
  })

  private readonly names: Rule = this.RULE('names', () => {
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.path) })
  })

  private readonly texts: Rule = this.RULE('texts', () => {
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.text) })
  })

  // --- policies, exceptions, overlays

  private readonly policy: Rule = this.RULE('policy', () => {
    this.CONSUME(K.policy)
    this.SUBRULE(this.path)
    this.OPTION(() => this.SUBRULE(this.text))
    this.SUBRULE(this.clauses)
  })

  private readonly exception: Rule = this.RULE('exception', () => {
    this.CONSUME(K.exception)
    this.SUBRULE(this.text)
    this.CONSUME(K.to)
    this.SUBRULE(this.path)
    this.SUBRULE(this.clauses)
  })

  private readonly clauses: Rule = this.RULE('clauses', () => {
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.clause))
    this.CONSUME(T.RightBrace)
  })

  private readonly clause: Rule = this.RULE('clause', () => {
    this.OR({
      ERR_MSG: 'clause',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.when)
            this.SUBRULE(this.condition)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.unless)
            this.SUBRULE2(this.condition)
          },
        },
        { ALT: () => this.SUBRULE(this.on) },
        { ALT: () => this.SUBRULE(this.phrase) },
      ],
    })
  })

  private readonly on: Rule = this.RULE('on', () => {
    this.CONSUME(K.on)
    this.OR({
      ERR_MSG: 'phase',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(K.error)
            this.SUBRULE(this.phrase)
          },
        },
        { ALT: () => this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.CONSUME(T.Name) }) },
      ],
    })
  })

  private readonly overlay: Rule = this.RULE('overlay', () => {
    this.CONSUME(K.overlay)
    this.CONSUME(T.Name)
    this.CONSUME(K.for)
    this.CONSUME2(T.Name, { LABEL: 'noun' })
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => this.SUBRULE(this.literal) })
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.overlayItem))
    this.CONSUME(T.RightBrace)
  })

  private readonly overlayItem: Rule = this.RULE('overlayItem', () => {
    this.OR({
      ERR_MSG: 'overlayItem',
      DEF: [
        { ALT: () => this.SUBRULE(this.overlayParam) },
        { ALT: () => this.SUBRULE(this.policy) },
        { ALT: () => this.SUBRULE(this.exception) },
        { ALT: () => this.SUBRULE(this.phrase) },
      ],
    })
  })

  private readonly overlayParam: Rule = this.RULE('overlayParam', () => {
    this.CONSUME(K.param)
    this.SUBRULE(this.path)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
  })

  // --- phrases: the word rule

  private readonly phrase: Rule = this.RULE('phrase', () => {
    this.OR({
      ERR_MSG: 'phrase',
      DEF: [
        { ALT: () => this.CONSUME(K.allow) },
        {
          ALT: () => {
            this.CONSUME(T.Name)
            this.OR2({
              ERR_MSG: 'operand',
              DEF: [
                {
                  ALT: () => {
                    this.SUBRULE(this.slot)
                    this.MANY(() => this.SUBRULE(this.group))
                  },
                },
                { ALT: () => this.AT_LEAST_ONE({ ERR_MSG: 'operand', DEF: () => this.SUBRULE2(this.group) }) },
              ],
            })
          },
        },
      ],
    })
  })

  /** After `expect` a verb may stand alone. */
  private readonly bareablePhrase: Rule = this.RULE('bareablePhrase', () => {
    this.OR({
      ERR_MSG: 'phrase',
      DEF: [
        { ALT: () => this.CONSUME(K.allow) },
        {
          ALT: () => {
            this.CONSUME(T.Name)
            this.OPTION(() => this.SUBRULE(this.slot))
            this.MANY(() => this.SUBRULE(this.group))
          },
        },
      ],
    })
  })

  private readonly group: Rule = this.RULE('group', () => {
    this.CONSUME(T.Preposition)
    this.SUBRULE(this.slot)
  })

  private readonly slot: Rule = this.RULE('slot', () => {
    this.SUBRULE(this.operand)
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.Comma)
            this.SUBRULE2(this.operand)
          },
        },
        { ALT: () => this.SUBRULE(this.literal) },
      ])
    })
  })

  private readonly operand: Rule = this.RULE('operand', () => {
    this.OR({ ERR_MSG: 'operand', DEF: [{ ALT: () => this.SUBRULE(this.path) }, { ALT: () => this.SUBRULE(this.literal) }] })
  })

  // --- tests

  private readonly test: Rule = this.RULE('test', () => {
    this.CONSUME(K.test)
    this.SUBRULE(this.text)
    this.CONSUME(T.LeftBrace)
    this.MANY(() => this.SUBRULE(this.testClause))
    this.CONSUME(T.RightBrace)
  })

  private readonly testClause: Rule = this.RULE('testClause', () => {
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

  private readonly assignment: Rule = this.RULE('assignment', () => {
    this.SUBRULE(this.path)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
  })

  private readonly expectation: Rule = this.RULE('expectation', () => {
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
