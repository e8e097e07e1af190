package main

import (
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/common/testing/freeport"
)

const (
	testQueue    = "test"
	testWorkflow = "Echo"
)

func echo(_ workflow.Context, text string) (string, error) { return text, nil }

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{
		HostPort:  address,
		Namespace: "cubby",
		Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	return c
}

// runEcho runs a workflow that carries a search attribute, to its end.
func runEcho(t *testing.T, c client.Client, id, locker string) {
	t.Helper()
	w := worker.New(c, testQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(echo, workflow.RegisterOptions{Name: testWorkflow})
	require.NoError(t, w.Start())
	defer w.Stop()

	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID:                    id,
		TaskQueue:             testQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword("Locker").ValueSet(locker)),
	}, testWorkflow, "hello")
	require.NoError(t, err)
	var got string
	require.NoError(t, run.Get(t.Context(), &got))
	require.Equal(t, "hello", got)
}

// requireListed waits until visibility, which lags behind, shows exactly one
// finished workflow of the locker.
func requireListed(t *testing.T, c client.Client, id, locker string) {
	t.Helper()
	require.Eventually(t, func() bool {
		list, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "Locker = '" + locker + "' AND ExecutionStatus = 'Completed'",
		})
		return err == nil && len(list.Executions) == 1 && list.Executions[0].Execution.WorkflowId == id
	}, 10*time.Second, 50*time.Millisecond)
}

func requireCompleted(t *testing.T, c client.Client, id string) {
	t.Helper()
	description, err := c.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, description.WorkflowExecutionInfo.Status)
}

// surviveCrash is the scenario of every persistent store: work, crash, restart
// with one search attribute more, find the old work, do new work, stop.
func surviveCrash(t *testing.T, storeArgs ...string) {
	t.Helper()
	args := append([]string{"--port", "0", "--ui-port", "0", "--search-attribute", "Locker=Keyword"}, storeArgs...)

	first := startProcess(t, args...)
	c := dial(t, first.address)
	runEcho(t, c, "before", "L-1")
	requireListed(t, c, "before", "L-1")
	c.Close()
	first.kill(t)

	second := startProcess(t, append(args, "--search-attribute", "Weight=Int", "--retention", "72h")...)
	c = dial(t, second.address)
	requireCompleted(t, c, "before")
	requireListed(t, c, "before", "L-1")
	runEcho(t, c, "after", "L-2")
	requireListed(t, c, "after", "L-2")

	namespace, err := c.WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: "cubby"})
	require.NoError(t, err)
	require.Equal(t, 72*time.Hour, namespace.Config.WorkflowExecutionRetentionTtl.AsDuration())
	require.Equal(t, map[string]string{"Keyword01": "Locker", "Int01": "Weight"}, namespace.Config.CustomSearchAttributeAliases)
	c.Close()
	require.Less(t, second.terminate(t), 5*time.Second)
}

func TestSQLiteSurvivesACrash(t *testing.T) {
	t.Parallel()
	surviveCrash(t, "--data", t.TempDir()+"/data")
}

func TestPostgresSurvivesACrash(t *testing.T) {
	t.Parallel()
	dsn := os.Getenv("TEMPORAL_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("TEMPORAL_TEST_POSTGRES names no scratch Postgres server")
	}
	surviveCrash(t, "--postgres", dsn)
}

func TestMemoryServesNamespaceAndUI(t *testing.T) {
	t.Parallel()
	uiPort := freeport.MustGetFreePort()
	p := startProcess(t, "--port", "0", "--ui-port", strconv.Itoa(uiPort), "--search-attribute", "Locker=Keyword")
	c := dial(t, p.address)
	defer c.Close()
	runEcho(t, c, "only", "L-1")
	requireListed(t, c, "only", "L-1")

	for _, path := range []string{"/", "/api/v1/namespaces/cubby"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.ui+path, http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, path)
	}
}

func TestDataServesOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	startProcess(t, "--data", dir, "--port", "0", "--ui-port", "0")

	second := exec.CommandContext(t.Context(), os.Args[0], "--data", dir, "--port", "0", "--ui-port", "0")
	second.Env = append(os.Environ(), asServer+"=1")
	output, err := second.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "does another server use it?")
}

func TestSearchAttributeKeepsItsType(t *testing.T) {
	t.Parallel()
	keyword := map[string]enumspb.IndexedValueType{"Locker": enumspb.INDEXED_VALUE_TYPE_KEYWORD}
	columns, err := assignColumns(nil, keyword)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Keyword01": "Locker"}, columns)

	again, err := assignColumns(columns, keyword)
	require.NoError(t, err)
	require.Equal(t, columns, again)

	_, err = assignColumns(columns, map[string]enumspb.IndexedValueType{"Locker": enumspb.INDEXED_VALUE_TYPE_INT})
	require.ErrorContains(t, err, "exists as Keyword")
	_, err = assignColumns(nil, map[string]enumspb.IndexedValueType{"WorkflowId": enumspb.INDEXED_VALUE_TYPE_KEYWORD})
	require.ErrorContains(t, err, "reserved")
}

func TestOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--data x --postgres postgres://h/": "exclude each other",
		"--ip localhost":                    "no IP address",
		"--search-attribute Locker":         "want Name=Type",
		"--search-attribute Locker=String":  "unknown type",
		"--retention 0s":                    "must be positive",
		"--log-level loud":                  "unknown --log-level",
		"extra":                             "unexpected argument",
	} {
		_, err := parseOptions(strings.Fields(args), t.Output())
		require.ErrorContains(t, err, want, args)
	}
}
