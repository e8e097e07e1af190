package models

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Location is a place where lockers stand.
type Location struct {
	ID        LocationID `gorm:"primaryKey"`
	Name      string
	Address   string
	City      string
	Country   string // ISO 3166-1 alpha-2
	TimeZone  string // IANA name
	Latitude  float64
	Longitude float64
	// Hours are when people may come; nil: always.
	Hours *Hours `gorm:"serializer:json"`
	// QuietHours are when clients get no messages that can wait; nil: never.
	QuietHours *QuietHours `gorm:"serializer:json"`
	Kind       PlaceKind   // empty: not told
	Indoor     bool
	StepFree   bool
	// HowToFind says how to find the lockers there, by language.
	HowToFind map[string]string `gorm:"serializer:json"`
	Photo     string            // an https address, or empty
	Host      OrganizationID    // the site's own organization; empty: none
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Directions say how to find the lockers there, in a language, or else in English, or else in the first that there
// is by its tag; in is the language that they are in. Empty: nothing is told.
func (l Location) Directions(language string) (text, in string) {
	for _, tag := range slices.Concat([]string{language, "en"}, slices.Sorted(maps.Keys(l.HowToFind))) {
		if text = strings.TrimSpace(l.HowToFind[tag]); text != "" {
			return text, tag
		}
	}
	return "", ""
}

// PlaceKind is what sort of place a location is.
type PlaceKind string

// The kinds of place.
const (
	PlaceEntrance    PlaceKind = "entrance"
	PlaceCourtyard   PlaceKind = "courtyard"
	PlaceParking     PlaceKind = "parking"
	PlaceOffice      PlaceKind = "office"
	PlaceInstitution PlaceKind = "institution"
)

// LocationChange changes what is not nil.
type LocationChange struct {
	Name, Address, City, Country, TimeZone *string
	Latitude, Longitude                    *float64
	Kind                                   *PlaceKind
	Indoor, StepFree                       *bool
	HowToFind                              map[string]string
	Photo                                  *string
	Host                                   *OrganizationID
}

// Apply changes a location.
func (c LocationChange) Apply(l *Location) {
	set(&l.Name, c.Name)
	set(&l.Address, c.Address)
	set(&l.City, c.City)
	set(&l.Country, c.Country)
	set(&l.TimeZone, c.TimeZone)
	set(&l.Latitude, c.Latitude)
	set(&l.Longitude, c.Longitude)
	set(&l.Kind, c.Kind)
	set(&l.Indoor, c.Indoor)
	set(&l.StepFree, c.StepFree)
	set(&l.Photo, c.Photo)
	set(&l.Host, c.Host)
	if c.HowToFind != nil {
		l.HowToFind = c.HowToFind
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Zone is the location's time zone, or UTC where its name is not known.
func (l Location) Zone() *time.Location {
	if zone, err := time.LoadLocation(l.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

// Side is the face of a cabinet that a cell's door is on.
type Side string

// The sides. Two-way cabinets have cells with a door on each.
const (
	SideFront Side = "front"
	SideBack  Side = "back"
	// SideBoth is of cells that are loaded from the back and emptied from the front.
	SideBoth Side = "both"
)

// Row is a row of equal cells in a module, listed from the top.
type Row struct {
	Cells      int        `json:"cells"`
	Size       Size       `json:"size"`
	Inner      Dimensions `json:"inner"`
	MaxWeightG int        `json:"max_weight_g,omitempty"`
	FloorMM    int        `json:"floor_mm"` // height of the cell's floor above ground
}

// Module is one unit that cabinets are put together from.
type Module struct {
	Name   string `json:"name"`
	Regime Regime `json:"regime"`
	Side   Side   `json:"side"`
	Rows   []Row  `json:"rows"`
}

// CabinetModel is a kind of cabinet: modules from left to right.
type CabinetModel struct {
	ID        ModelID `gorm:"primaryKey"`
	Name      string
	Modules   []Module `gorm:"serializer:json"`
	CreatedAt time.Time
}

// LayoutCell is one cell of a cabinet's layout: what never changes while it serves.
type LayoutCell struct {
	Number     int        `json:"number"`
	Module     int        `json:"module"` // from 1, left to right
	Row        int        `json:"row"`    // from 1, top to bottom
	Size       Size       `json:"size"`
	Regime     Regime     `json:"regime"`
	Side       Side       `json:"side"`
	Inner      Dimensions `json:"inner"`
	MaxWeightG int        `json:"max_weight_g,omitempty"`
	FloorMM    int        `json:"floor_mm"`
	// EasyReach: everybody reaches it, also from a wheelchair. The operator says so.
	EasyReach bool `json:"easy_reach,omitempty"`
}

// Layout numbers a model's cells from 1: module by module, row by row.
func (m CabinetModel) Layout() []LayoutCell {
	var cells []LayoutCell
	for mi, module := range m.Modules {
		for ri, row := range module.Rows {
			for range row.Cells {
				cells = append(cells, LayoutCell{
					Number: len(cells) + 1, Module: mi + 1, Row: ri + 1,
					Size: row.Size, Regime: module.Regime, Side: module.Side,
					Inner: row.Inner, MaxWeightG: row.MaxWeightG, FloorMM: row.FloorMM,
				})
			}
		}
	}
	return cells
}

// LockerState says what a locker may be used for.
type LockerState string

// The states of a locker.
const (
	LockerPlanned        LockerState = "planned"
	LockerActive         LockerState = "active"
	LockerNoDeposits     LockerState = "no_deposits"
	LockerOutOfService   LockerState = "out_of_service"
	LockerDecommissioned LockerState = "decommissioned"
)

// LockerAction changes what a locker may be used for.
type LockerAction string

// The actions, as REST spells them. What lies in the cells can be collected, and taken out by
// couriers, whatever the state.
const (
	LockerPause  LockerAction = "pause"  // nothing more is to come in
	LockerResume LockerAction = "resume" // it is in use again
	LockerClose  LockerAction = "close"  // it goes out of use
)

// Next is the state after an action; invalid_state where it is not allowed. An action whose
// state is there already changes nothing.
func (s LockerState) Next(a LockerAction) (LockerState, error) {
	to := map[LockerAction]LockerState{LockerPause: LockerNoDeposits, LockerResume: LockerActive, LockerClose: LockerOutOfService}[a]
	switch {
	case to == "":
		return s, Errorf(CodeInvalid, "There is no action %s.", a)
	case s == LockerDecommissioned, s == LockerOutOfService && a == LockerPause, s == LockerPlanned && a == LockerPause:
		return s, Errorf(CodeInvalidState, "The locker is %s.", s)
	}
	return to, nil
}

// Locker is a cabinet at a location.
type Locker struct {
	ID       LockerID `gorm:"primaryKey"`
	Number   string   // the public number, such as "L-001"
	Location LocationID
	Model    ModelID
	State    LockerState
	// Emptying: it is closed, and what lies in it is to be taken out.
	Emptying bool
	// Test: it is for integrators, and no client ever comes to it.
	Test bool
	// Ahead is by how much the clock of a test locker was put forward in all, and AdvancedAt
	// when it was last.
	Ahead      Seconds
	AdvancedAt *time.Time
	// Functions are what people can do at it.
	Functions []LockerFunction `gorm:"serializer:json"`
	// EasyReach are the numbers of the cells that everybody reaches, also from a wheelchair.
	EasyReach []int `gorm:"serializer:json"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

// LockerFunction is something that people can do at a locker.
type LockerFunction string

// The functions.
const (
	FunctionPickup   LockerFunction = "pickup"
	FunctionReturns  LockerFunction = "returns"
	FunctionSending  LockerFunction = "sending"
	FunctionStorage  LockerFunction = "storage"
	FunctionPurchase LockerFunction = "purchase"
)

// LockerUpdate changes what is not nil of what a locker is called and good for.
type LockerUpdate struct {
	Number    *string
	Functions []LockerFunction
	EasyReach []int
}

// Apply changes a locker whose cells are numbered from 1 to cells.
func (u LockerUpdate) Apply(l *Locker, cells int) error {
	var f Fields
	for i, n := range u.EasyReach {
		if n < 1 || n > cells {
			f.Add("/easy_reach/"+strconv.Itoa(i), "must be the number of a cell, 1 to %d", cells)
		}
	}
	set(&l.Number, u.Number)
	if u.Functions != nil {
		l.Functions = u.Functions
	}
	if u.EasyReach != nil {
		l.EasyReach = slices.Compact(slices.Sorted(slices.Values(u.EasyReach)))
	}
	return f.Err()
}

// WithinReach marks the cells of a layout that everybody reaches.
func (l Locker) WithinReach(cells []LayoutCell) {
	for i := range cells {
		cells[i].EasyReach = slices.Contains(l.EasyReach, cells[i].Number)
	}
}

// Alias is what a carrier calls a locker: unique within the carrier.
type Alias struct {
	Locker  LockerID       `gorm:"primaryKey"`
	Carrier OrganizationID `gorm:"primaryKey"`
	Alias   string
}

// TableName is the table of aliases.
func (Alias) TableName() string { return "locker_aliases" }

// CellKind counts the equal cells of a locker.
type CellKind struct {
	Regime     Regime
	Size       Size
	Inner      Dimensions
	MaxWeightG int
	Cells      int
}

// CellKinds lists what cells a model has, in the order in which they come first.
func (m CabinetModel) CellKinds() []CellKind {
	var kinds []CellKind
	for _, module := range m.Modules {
		for _, row := range module.Rows {
			kind := CellKind{Regime: module.Regime, Size: row.Size, Inner: row.Inner, MaxWeightG: row.MaxWeightG}
			i := slices.IndexFunc(kinds, func(k CellKind) bool { k.Cells = 0; return k == kind })
			if i < 0 {
				i, kinds = len(kinds), append(kinds, kind)
			}
			kinds[i].Cells += row.Cells
		}
	}
	return kinds
}

// LockerChange is an action on a locker, for a reason. Withdraw goes with LockerClose: what lies
// in the cells is to be taken out.
type LockerChange struct {
	Action   LockerAction
	Reason   string
	Withdraw bool
}

// Worklist is what there is to do before a locker can go.
type Worklist struct {
	Inside   []InCell
	Expected []Shipment // announced to it, or not all here yet
}

// InCell is a cell that is not known to be empty, with the shipment in it, if one is known.
type InCell struct {
	StoredCell
	Of *Shipment
	// Since is when the parcel came; nil: not known. Reason is why it has to leave; empty: it
	// may be collected.
	Since  *time.Time
	Reason string
}

// StoredCell is the server's view of a cell: its layout, and its state as the cabinet's
// facts told it.
type StoredCell struct {
	Locker     LockerID `gorm:"primaryKey"`
	Number     int      `gorm:"primaryKey"`
	Size       Size
	Regime     Regime
	State      CellState
	Doubtful   bool
	Generation int64
	Shipment   ShipmentID
	EasyReach  bool
	Layout     LayoutCell `gorm:"serializer:json"` // without EasyReach, which may change
	// Since is when its state, doubt or shipment last changed, by the cabinet's clock; nil: it is
	// not known.
	Since     *time.Time
	UpdatedAt time.Time
}

// TableName is the table of cells.
func (StoredCell) TableName() string { return "cells" }

// Report is the cell as the cabinet would tell it.
func (c StoredCell) Report() CellReport {
	return CellReport{Cell: c.Number, State: c.State, Doubtful: c.Doubtful, Generation: c.Generation, Shipment: c.Shipment}
}

// Class is what it offers.
func (c StoredCell) Class() CellClass { return CellClass{c.Regime, c.Size, c.EasyReach} }

// Usable reports whether a promise may count on the cell.
func (c StoredCell) Usable() bool { return c.State == CellFree && !c.Doubtful }

// NearbyLocker is a suggestion: another locker with room.
type NearbyLocker struct {
	Locker    LockerID `json:"locker"`
	Number    string   `json:"number"`
	Address   string   `json:"address"`
	DistanceM int      `json:"distance_m"`
	Room      int      `json:"room"`
}
