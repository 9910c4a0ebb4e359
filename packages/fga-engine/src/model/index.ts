export type {
  AuthorizationModel,
  ConditionDefinition,
  ParameterType,
  RelationMetadata,
  TypeDefinition,
  TypeRestriction,
  Userset,
} from './authorization-model.ts'
export { compileModel } from './compile-model.ts'
export { type CompiledModel, type Relation, type Rewrite, relationOf } from './compiled-model.ts'
export { createHasWay, createReaches, type Reaches } from './reaches.ts'
