export { type DoctorNeed, type DoctorOptions, NEEDS } from './options.ts'
export type { CheckStatus, DoctorReport, Finding } from './report.ts'
export { runDoctor } from './run-doctor.ts'
