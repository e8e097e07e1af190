package protocol

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"cubby/models"
)

// Cursor is how far a cabinet has read the directory: a position for each scope
// ("network", "organization:<id>", "locker:<id>"). A scope that is missing is at 0.
type Cursor map[string]int64

// String is the form of the since parameter: "scope=n,scope=n", sorted.
func (c Cursor) String() string {
	parts := make([]string, 0, len(c))
	for scope, n := range c {
		parts = append(parts, fmt.Sprintf("%s=%d", scope, n))
	}
	sort.Strings(parts)
	return strings.Join(parts, ",")
}

// ParseCursor reads the since parameter. Empty: from the beginning.
func ParseCursor(s string) (Cursor, error) {
	c := Cursor{}
	if s == "" {
		return c, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		scope, n, ok := strings.Cut(part, "=")
		pos, err := strconv.ParseInt(n, 10, 64)
		if !ok || scope == "" || err != nil || pos < 0 {
			return nil, models.Errorf(models.CodeInvalid, "since is not a list of scope=position")
		}
		c[scope] = pos
	}
	return c, nil
}

// DirectoryReply is a page of the directory: entries after a cursor in the order in which
// each scope changed, and the cursor after them. More: ask again.
type DirectoryReply struct {
	Entries []Entry `json:"entries"`
	Cursor  Cursor  `json:"cursor"`
	More    bool    `json:"more,omitempty"`
}

// Entry is one upsert or deletion. Seen says up to which fact of the cabinet the server
// knew when it wrote the entry.
type Entry struct {
	Kind    models.DirectoryKind `json:"kind"`
	Key     string               `json:"key"`
	Deleted bool                 `json:"deleted,omitempty"`
	Seen    Seen                 `json:"seen"`
	Body    json.RawMessage      `json:"body,omitempty"`
	// Rev, Signer and Signature stand on kinds that grant: models.Grant says over what.
	Rev       int64  `json:"rev,omitempty"`
	Signer    string `json:"signer,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// Seen names a fact of the cabinet's journal.
type Seen struct {
	Epoch int64 `json:"epoch"`
	Seq   int64 `json:"seq"`
}

// Snapshot is what the server believes to be in a cabinet's cells: for a new store, or one
// that was set aside. Epoch and Seq name the last fact that it knows.
type Snapshot struct {
	Epoch int64          `json:"epoch"`
	Seq   int64          `json:"seq"`
	Cells []SnapshotCell `json:"cells"`
}

// SnapshotCell is one cell with the parcels that should be in it.
type SnapshotCell struct {
	models.CellReport
	Parcels []models.ParcelID `json:"parcels,omitempty"`
}
