export type {
  AdapterReport,
  AdapterSubject,
  AdapterTurn,
  ContractSurroundings,
  ContractTool,
  ModelStep,
  ScriptedCall,
  TurnStart,
} from './adapter/adapter-subject.ts'
export { serveAdapter } from './adapter/serve-adapter.ts'
export { buy, type StockPlaces, stockTools } from './adapter/stock-tools.ts'
export type { ChannelUnderTest } from './channel-under-test.ts'
export { type DescribeAdapterOptions, describeAdapter } from './describe-adapter.ts'
export { type ChannelSubject, describeChannel } from './describe-channel.ts'
export { describeProtocol, type ProtocolSubject } from './describe-protocol.ts'
export { describeStore, type StoreSubject } from './describe-store.ts'
export type { ProtocolUnderTest } from './protocol/session.ts'
export type { InterruptibleStore, StoreOutage } from './store/outage.ts'
export type { StoreUnderTest } from './store/store-under-test.ts'
