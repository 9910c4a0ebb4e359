import type { Explanation } from '../evaluate/index.ts'
import type { AuthorizationModel } from '../model/index.ts'
import type {
  BatchCheckAnswer,
  BatchCheckItem,
  CheckQuestion,
  ListObjectsQuestion,
  ListUsersQuestion,
  ReadAnswer,
  ReadQuestion,
  WriteRequest,
} from './questions.ts'

/**
 * OpenFGA's answers, in process, for one model over one tuple source.
 *
 * A request that OpenFGA refuses is refused with an {@link FgaError} of the same code. Answers use the tuples as they
 * are at each step: several reads of an asynchronous source are no snapshot.
 */
export interface FgaEngine {
  /** Id of the model: its own, or one made from its content. */
  readonly authorizationModelId: string
  /** A copy of the model, with its id. */
  readonly model: AuthorizationModel
  /**
   * Prepares the conditions. Every other method does so too; call this to find a wrong model at start-up.
   * @throws ConfigurationError A condition does not compile, or its evaluator is not installed.
   */
  ready(): Promise<void>
  /**
   * Returns whether `user` has the relation to `object`.
   *
   * @throws FgaError The question does not fit the model, a condition cannot be evaluated, or it is too deep.
   */
  check(question: CheckQuestion): Promise<boolean>
  /** Answers from 1 to 50 checks, by their ids. @throws FgaError Too many, or ids that are wrong or repeated. */
  batchCheck(items: readonly BatchCheckItem[]): Promise<ReadonlyMap<string, BatchCheckAnswer>>
  /** Names of objects, `document:1`. @throws FgaError As `check`; also where a candidate's condition fails. */
  listObjects(question: ListObjectsQuestion): Promise<readonly string[]>
  /**
   * Names of users: `user:ann`, `user:*`, or `group:1#member`. Costs a check for each candidate.
   * @throws FgaError As `check`; also if any condition on the way fails, whichever user the tuple names.
   */
  listUsers(question: ListUsersQuestion): Promise<readonly string[]>
  /** Pages through stored tuples. @throws ConfigurationError The tuple source has no pages. */
  read(question?: ReadQuestion): Promise<ReadAnswer>
  /** Deletes and writes up to 100 tuples, all or nothing. @throws ConfigurationError The tuple source is read-only. */
  write(request: WriteRequest): Promise<void>
  /**
   * Explains the answer of a check. Returns a verdict for errors that `check` throws during the evaluation.
   * @throws FgaError The question does not fit the model.
   */
  explain(question: CheckQuestion): Promise<Explanation>
}
