package gateway

import (
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/go-json-experiment/json"
)

// Figure is one number that a job tells of a run.
type Figure struct {
	Name  string // as a metric's
	Unit  Unit
	Value float64
}

// Figures are the numbers of a run, each under a name of its own.
type Figures []Figure

// Unit is one of CloudWatch's.
type Unit string

// The units.
const (
	Count        Unit = "Count"
	Seconds      Unit = "Seconds"
	Milliseconds Unit = "Milliseconds"
)

// MetricNamespace is where CloudWatch keeps the figures.
const MetricNamespace = "Cedula"

// embedded is the figures in CloudWatch's embedded metric format: a line from
// which CloudWatch makes metrics (Amazon CloudWatch User Guide, "Specification:
// Embedded metric format"). They are told apart by the job and by the function,
// whose name holds the stack's: an account may have several.
func (f Figures) embedded(job string, at time.Time) string {
	dimensions, known := []string{"job"}, map[string]any{"job": job}
	if lambdacontext.FunctionName != "" {
		dimensions, known["function"] = append(dimensions, "function"), lambdacontext.FunctionName
	}
	metrics := make([]metric, len(f))
	for n, figure := range f {
		metrics[n] = metric{figure.Name, figure.Unit}
		known[figure.Name] = figure.Value
	}
	known["_aws"] = metadata{at.UnixMilli(), []directive{{MetricNamespace, [][]string{dimensions}, metrics}}}
	return string(encode(known))
}

type metadata struct {
	Timestamp         int64       `json:"Timestamp"`
	CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string     `json:"Namespace"`
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []metric   `json:"Metrics"`
}

type metric struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

// answer is the figures as a JSON object.
func (f Figures) answer() []byte {
	all := make(map[string]float64, len(f))
	for _, figure := range f {
		all[figure.Name] = figure.Value
	}
	return encode(all)
}

func encode(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("gateway: figures: " + err.Error()) // only for a number that is none
	}
	return text
}
