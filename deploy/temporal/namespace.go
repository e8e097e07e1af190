package main

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/serialization"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/common/searchattribute/sadefs"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// ensureNamespace creates the namespace, or brings an existing one up to the
// options. It writes to the database before the server starts: through the API
// each service would learn of the change only at its next cache refresh, and a
// client that came in between would be refused.
func ensureNamespace(ctx context.Context, cfg *config.SQL, opts options, logger log.Logger) (err error) {
	db, err := sql.NewSQLDB(sqlplugin.DbKindMain, cfg, resolver.NewNoopResolver(), logger, metrics.NoopMetricsHandler)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	rows, err := db.SelectFromNamespace(ctx, sqlplugin.NamespaceFilter{Name: &opts.namespace})
	if errors.Is(err, stdsql.ErrNoRows) {
		return createNamespace(ctx, db, opts)
	}
	if err != nil {
		return err
	}
	return updateNamespace(ctx, db, rows[0], opts)
}

func createNamespace(ctx context.Context, db sqlplugin.DB, opts options) error {
	ns, err := sqlite.NewNamespaceConfig(clusterName, opts.namespace, false, nil)
	if err != nil {
		return err
	}
	if err := applyOptions(ns.Detail, opts); err != nil {
		return err
	}
	blob, err := serialization.NewSerializer().NamespaceDetailToBlob(ns.Detail)
	if err != nil {
		return err
	}
	_, err = db.InsertIntoNamespace(ctx, &sqlplugin.NamespaceRow{
		ID:           primitives.MustParseUUID(ns.Detail.GetInfo().GetId()),
		Name:         opts.namespace,
		Data:         blob.GetData(),
		DataEncoding: blob.GetEncodingType().String(),
	})
	return err
}

func updateNamespace(ctx context.Context, db sqlplugin.DB, row sqlplugin.NamespaceRow, opts options) error {
	serializer := serialization.NewSerializer()
	detail, err := serializer.NamespaceDetailFromBlob(persistence.NewDataBlob(row.Data, row.DataEncoding))
	if err != nil {
		return err
	}
	if err := applyOptions(detail, opts); err != nil {
		return err
	}
	blob, err := serializer.NamespaceDetailToBlob(detail)
	if err != nil {
		return err
	}
	row.Data, row.DataEncoding = blob.GetData(), blob.GetEncodingType().String()
	_, err = db.UpdateNamespace(ctx, &row)
	return err
}

func applyOptions(detail *persistencespb.NamespaceDetail, opts options) error {
	detail.Config.Retention = durationpb.New(opts.retention)
	aliases, err := assignColumns(detail.Config.CustomSearchAttributeAliases, opts.searchAttributes)
	if err != nil {
		return err
	}
	detail.Config.CustomSearchAttributeAliases = aliases
	return nil
}

// assignColumns gives each wanted search attribute one of the typed columns that
// SQL visibility holds in reserve. Attributes already there keep their column,
// also those no longer wanted: stored workflows may carry them.
func assignColumns(current map[string]string, wanted map[string]enumspb.IndexedValueType) (map[string]string, error) {
	columns := sadefs.GetDBIndexSearchAttributes(nil).CustomSearchAttributes
	aliases := maps.Clone(current)
	if aliases == nil {
		aliases = map[string]string{}
	}
	columnOf := map[string]string{}
	for column, name := range aliases {
		columnOf[name] = column
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		valueType := wanted[name]
		if sadefs.IsReserved(name) {
			return nil, fmt.Errorf("search attribute %s: the name is reserved", name)
		}
		if column, ok := columnOf[name]; ok {
			if columns[column] != valueType {
				return nil, fmt.Errorf("search attribute %s exists as %s, not %s", name, columns[column], valueType)
			}
			continue
		}
		column, ok := freeColumn(columns, aliases, valueType)
		if !ok {
			return nil, fmt.Errorf("search attribute %s: no room for more of type %s", name, valueType)
		}
		aliases[column] = name
	}
	return aliases, nil
}

func freeColumn(columns map[string]enumspb.IndexedValueType, taken map[string]string, valueType enumspb.IndexedValueType) (string, bool) {
	for _, column := range slices.Sorted(maps.Keys(columns)) {
		if _, used := taken[column]; columns[column] == valueType && !used {
			return column, true
		}
	}
	return "", false
}
