/**
 * Everything that starts Python, in one process: a snapshot of the interpreter takes seconds, and each process that
 * runs tests has to make its own.
 */
import './critic.suite'
import './hostile.suite'
import './run.suite'
