// Package models holds Cubby's domain: types, ids, state tables, validation and the
// messages that workflows, gateways and cabinets exchange. It imports the standard
// library only, so every other package may depend on it and the cabinet's program
// stays small. GORM struct tags are plain strings and live here: one struct per
// table, not two.
package models
