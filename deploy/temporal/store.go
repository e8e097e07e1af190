package main

import (
	"context"
	"fmt"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
)

// Four history shards are plenty for one process. The number is written into the
// database at the first start and cannot change afterwards.
const historyShards = 4

// Names of the data stores inside the server's configuration.
const (
	mainStore       = "main"
	visibilityStore = "visibility"
)

// store is where the server keeps its data, with the schema in place.
type store struct {
	main       *config.SQL
	visibility *config.SQL
	// close gives up the exclusive use of the data.
	close func()
}

// openStore prepares the database that the options name.
func openStore(ctx context.Context, opts options, logger log.Logger) (store, error) {
	switch {
	case opts.postgresDSN != "":
		s, err := openPostgres(ctx, opts.postgresDSN, logger)
		if err != nil {
			return store{}, fmt.Errorf("postgres: %w", err)
		}
		return s, nil
	case opts.dataDir != "":
		s, err := openSQLite(ctx, opts.dataDir)
		if err != nil {
			return store{}, fmt.Errorf("sqlite: %w", err)
		}
		return s, nil
	default:
		return memoryStore(), nil
	}
}

// persistence is the server's view of the store.
func (s store) persistence() config.Persistence {
	return config.Persistence{
		DefaultStore:     mainStore,
		VisibilityStore:  visibilityStore,
		NumHistoryShards: historyShards,
		DataStores: map[string]config.DataStore{
			mainStore:       {SQL: s.main},
			visibilityStore: {SQL: s.visibility},
		},
	}
}
