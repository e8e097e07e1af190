// Package worker wires the store, adapters, activities and workflows into Temporal. The
// forwarder carries the outbox to it; the engine puts it behind the small interfaces of
// api and gateway, which know nothing of Temporal.
package worker
