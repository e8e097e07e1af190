package kill

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"

	"cubby/cmd/cubby-demo/people"
	"cubby/models"
)

// settleLimit is how long the last lives may take to come to rest: workflows to end, cells to be free again.
const settleLimit = 45 * time.Second

// collect gathers the evidence of a leg when its lives are over.
func (l *leg) collect(ctx context.Context, lives []life, shots []shot) (evidence, error) {
	e := evidence{
		Lives: lives, Outcomes: map[string]outcome{}, Rows: map[string][]people.Notification{},
		Rooms: map[string][]people.Room{}, Cells: cellsEach,
		Shots: shots, Parts: l.killer.names(), Quota: l.killer.quota,
	}
	for _, life := range lives {
		if life.Shipment == "" {
			continue
		}
		carrier := l.player.carrierOf(life.N)
		s, err := carrier.Shipment(ctx, life.Shipment)
		if people.RefusedWith(err, 404, "not_found") {
			continue // the judge says so
		}
		if err != nil {
			return e, err
		}
		events, err := carrier.Events(ctx, life.Shipment)
		if err != nil {
			return e, err
		}
		e.Outcomes[life.Shipment] = outcome{s.State, events}
	}
	if err := l.askTemporal(ctx, &e); err != nil {
		return e, fmt.Errorf("temporal: %w", err)
	}
	if err := l.askOperator(ctx, &e); err != nil {
		return e, err
	}
	for _, c := range l.player.carriers {
		p, err := c.party(ctx)
		if err != nil {
			return e, fmt.Errorf("carrier %d: %w", c.n, err)
		}
		e.Parties = append(e.Parties, p)
	}
	e.Texts, e.Questions = l.stage.SMS.Messages(), l.stage.SMS.Questions()
	var err error
	e.Mails, err = l.stage.Mailbox("").Mails(ctx)
	return e, err
}

// askOperator reads what the network looks like once the cells that are kept for a while are free, and what became of
// messages.
func (l *leg) askOperator(ctx context.Context, e *evidence) error {
	settling, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for _, at := range l.player.places {
		// What is not free in time is the judge's matter.
		_ = people.Await(settling, "free cells", restEvery, func() (bool, string, error) {
			rooms, err := l.operator.Rooms(ctx, at.Locker)
			e.Rooms[at.Locker] = rooms
			return len(rooms) == 1 && rooms[0].Free == cellsEach, "", err
		})
		if e.Rooms[at.Locker] == nil {
			return fmt.Errorf("the room of locker %s cannot be read", at.Locker)
		}
	}
	for _, life := range e.Lives {
		if life.Shipment == "" {
			continue
		}
		rows, err := l.operator.Notifications(ctx, life.Shipment)
		if err != nil {
			return err
		}
		e.Rows[life.Shipment] = rows
	}
	var err error
	e.Incidents, err = l.operator.Incidents(ctx)
	return err
}

// askTemporal lists the workflows once none of a shipment runs any more, or when it is not worth waiting longer.
func (l *leg) askTemporal(ctx context.Context, e *evidence) error {
	c, err := client.Dial(client.Options{
		HostPort: l.stage.Temporal.Address, Namespace: l.stage.Temporal.Namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	const shipments = "WorkflowType = '" + models.WorkflowShipment + "'"
	settling, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	_ = people.Await(settling, "the workflows to end", restEvery, func() (bool, string, error) {
		running, err := listWorkflows(ctx, c, shipments+" AND ExecutionStatus = 'Running'")
		return err == nil && len(running) == 0, "", nil // a Temporal that is just back may not answer yet
	})
	if e.Workflows, err = listWorkflows(ctx, c, shipments); err != nil {
		return err
	}
	if err := l.keepStuck(ctx, c, e.Workflows); err != nil {
		l.say("what did not end could not be written down: %v", err)
	}
	e.Troubled, err = listWorkflows(ctx, c, "ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut', 'Canceled')")
	return err
}

func listWorkflows(ctx context.Context, c client.Client, query string) ([]workflow, error) {
	var found []workflow
	var next []byte
	for {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 500, NextPageToken: next})
		if err != nil {
			return nil, err
		}
		for _, x := range page.GetExecutions() {
			attributes := x.GetSearchAttributes().GetIndexedFields()
			found = append(found, workflow{
				ID: x.GetExecution().GetWorkflowId(), Run: x.GetExecution().GetRunId(),
				Type: x.GetType().GetName(), Status: x.GetStatus().String(),
				Number: keyword(attributes[models.AttributeNumber]), Locker: keyword(attributes[models.AttributeLocker]),
				Carrier: keyword(attributes[models.AttributeCarrier]), State: keyword(attributes[models.AttributeState]),
			})
		}
		if next = page.GetNextPageToken(); len(next) == 0 {
			return found, nil
		}
	}
}

// keyword reads a search attribute; what cannot be read is shown as it is not.
func keyword(p *commonpb.Payload) string {
	var text string
	if p == nil || converter.GetDefaultDataConverter().FromPayload(p, &text) != nil {
		return ""
	}
	return text
}
