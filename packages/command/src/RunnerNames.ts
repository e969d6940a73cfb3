/** Tells the program that it is to run a handler; taken out of the environment at once. */
export const runner_variable = "WAYBILL_COMMAND_RUNNER"

/** The descriptor that commands which stream write to; 1 is only ever stray output. */
export const stream_fd = 4
