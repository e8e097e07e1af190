// Package activities is what workflows schedule: the commands to cabinets, the reading
// and writing of lives, messages, seals and housekeeping. It declares the small
// interfaces that it needs; the store, the gateway and activities/notify implement them.
package activities
