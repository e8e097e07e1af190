// Package rig starts the real services that tests and the demo need, on free loopback ports in temporary folders, and
// stops them again: a private Postgres, a Temporal server, and any other program as a child process that can be killed
// and started again at the same address with the same data.
package rig
