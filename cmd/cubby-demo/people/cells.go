package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// KnownCell is a cell as the server knows it.
type KnownCell struct {
	Number     int    `json:"number"`
	State      string `json:"state"`
	Doubtful   bool   `json:"doubtful"`
	Generation int64  `json:"generation"`
	Shipment   string `json:"shipment"`
}

func (o Operator) cellsPath(locker, rest string) string {
	return "/api/v1/lockers/" + url.PathEscape(locker) + "/cells" + rest
}

// AwaitKnown reads a locker's cells until the server knows one to be as wanted.
func (o Operator) AwaitKnown(ctx context.Context, locker string, cell int, what string, fits func(KnownCell) bool) (KnownCell, error) {
	var now KnownCell
	err := Await(ctx, fmt.Sprintf("cell %d to be %s", cell, what), restEvery, func() (bool, string, error) {
		var list struct{ Items []KnownCell }
		if err := o.call(ctx, http.MethodGet, o.cellsPath(locker, ""), nil, nil, &list); err != nil {
			return false, "", err
		}
		for _, c := range list.Items {
			if c.Number == cell {
				now = c
				return fits(c), fmt.Sprintf("%+v", c), nil
			}
		}
		return false, fmt.Sprintf("%+v", list), nil
	})
	return now, err
}

// Order wants a cell to be "out-of-service" or "in-service", for a reason.
func (o Operator) Order(ctx context.Context, locker string, cell int, action, reason string) error {
	return o.call(ctx, http.MethodPost, o.cellsPath(locker, fmt.Sprintf("/%d/%s", cell, action)), nil, map[string]string{"reason": reason}, nil)
}

// MarkChecked says that a person looked into a cell, of what generation it was, and what they found.
func (o Operator) MarkChecked(ctx context.Context, locker string, cell int, generation int64, found, reason string) error {
	body := map[string]any{"generation": generation, "found": found, "reason": reason}
	return o.call(ctx, http.MethodPost, o.cellsPath(locker, fmt.Sprintf("/%d/mark-checked", cell)), nil, body, nil)
}
