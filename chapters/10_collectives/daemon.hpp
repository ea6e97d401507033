#pragma once
// The MPI daemon of a host that was cut off.

namespace gpt {

/// Called by a process that is about to end because it lost rank 0. Where its parent is Open MPI's daemon
/// (orted, on every host but mpirun's own), a process left behind sends that daemon SIGTERM, should it still
/// be there `seconds` later. As long as mpirun can be reached the daemon hears from it first, and ends.
///
/// Keepalives alone do not do it: TCP sends none while data are unacknowledged, so a daemon which had
/// anything to say, such as a rank's last words, waits for tcp_retries2 retransmissions, a quarter of an
/// hour.
void end_daemon_unless_it_ends(double seconds);

}  // namespace gpt
