/** JobSpec's schedules, as the carrier kit is told of them. */
import { type Carrier, decides } from "@waybill/conformance"
import { event_types, JobSpec, JobSpecEvents, Schedules } from "@waybill/jobspec"

const jobspec = JobSpec.make()
const names = ["daily", "weekly"]

export const schedulingCarrier: Carrier = {
  name: "jobspec.scheduling",
  reader: JobSpecEvents,
  facts: event_types.filter(({ event_type }) => event_type.startsWith("schedule.")),
  projections: [Schedules],
  steps: [
    decides(
      jobspec.scheduling,
      ({ draw }) => ({
        kind: "create" as const,
        template: { name: draw.from(names), cron: "@daily", job_type: "rpi.run" },
      }),
      { name: "create a schedule" },
    ),
    decides(jobspec.scheduling, ({ draw, now_ms }) => ({ kind: "delete" as const, name: draw.from(names), now_ms }), {
      name: "delete a schedule",
    }),
  ],
}
