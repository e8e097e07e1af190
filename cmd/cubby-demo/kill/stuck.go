package kill

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
)

// keepStuck writes down what Temporal knows of the workflows that did not end, because its data goes with the leg. The
// histories can be replayed.
func (l *leg) keepStuck(ctx context.Context, c client.Client, workflows []workflow) error {
	var errs []error
	for _, w := range workflows {
		if w.Status != "Completed" {
			errs = append(errs, l.keepOne(ctx, c, w))
		}
	}
	return errors.Join(errs...)
}

func (l *leg) keepOne(ctx context.Context, c client.Client, w workflow) error {
	described, err := c.DescribeWorkflowExecution(ctx, w.ID, w.Run)
	if err != nil {
		return err
	}
	history := &historypb.History{}
	events := c.GetWorkflowHistory(ctx, w.ID, w.Run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		history.Events = append(history.Events, event)
	}
	format := temporalproto.CustomJSONMarshalOptions{Indent: "  "}
	description, err := format.Marshal(described)
	if err != nil {
		return err
	}
	story, err := format.Marshal(history)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(l.dir, w.ID+".describe.json"), description, 0o600),
		os.WriteFile(filepath.Join(l.dir, w.ID+".history.json"), story, 0o600))
}
