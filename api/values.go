package api

import "cubby/models"

const defaultLimit = 50

// optional is nil for a zero value: the field is left out.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// or is what a pointer points at, or a default where the field was left out.
func or[T any](p *T, missing T) T {
	if p == nil {
		return missing
	}
	return *p
}

// page is the part of a list that is asked for.
func page(cursor *Cursor, limit *Limit, search *Search) models.Page {
	return models.Page{Cursor: or(cursor, ""), Limit: or(limit, defaultLimit), Search: or(search, "")}
}

// nextCursor names the last item of a full page; after one that is not full nothing
// follows.
func nextCursor[T any](items []T, limit int, id func(T) string) *string {
	if len(items) < limit || len(items) == 0 {
		return nil
	}
	return optional(id(items[len(items)-1]))
}

// each maps a list, which is never null in JSON.
func each[T, U any](items []T, f func(T) U) []U {
	mapped := make([]U, 0, len(items))
	for _, item := range items {
		mapped = append(mapped, f(item))
	}
	return mapped
}

// known refuses an id that cannot be one of ours, before the database sees it.
func known(prefix, id, what string) error {
	if !models.ValidID(prefix, id) {
		return models.Errorf(models.CodeNotFound, "There is no %s with this id.", what)
	}
	return nil
}
