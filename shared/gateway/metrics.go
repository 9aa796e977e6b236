package gateway

import (
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/go-json-experiment/json"
)

// Metric is one number that a job tells of a run.
type Metric struct {
	Name  string // as a metric's
	Unit  Unit
	Value float64
}

// Metrics are the numbers of a run, each under a name of its own.
type Metrics []Metric

// Unit is one of CloudWatch's.
type Unit string

// The units.
const (
	UnitCount        Unit = "Count"
	UnitSeconds      Unit = "Seconds"
	UnitMilliseconds Unit = "Milliseconds"
)

// MetricNamespace is where CloudWatch keeps the figures.
const MetricNamespace = "Cedula"

// toEMF is the figures in CloudWatch's embedded metric format: a line from
// which CloudWatch makes metrics (Amazon CloudWatch User Guide, "Specification:
// Embedded metric format"). They are told apart by the job and by the function,
// whose name holds the stack's: an account may have several.
func (f Metrics) toEMF(job string, at time.Time) string {
	dimensions, known := []string{"job"}, map[string]any{"job": job}
	if lambdacontext.FunctionName != "" {
		dimensions, known["function"] = append(dimensions, "function"), lambdacontext.FunctionName
	}
	metrics := make([]emfMetric, len(f))
	for n, figure := range f {
		metrics[n] = emfMetric{figure.Name, figure.Unit}
		known[figure.Name] = figure.Value
	}
	known["_aws"] = emfMetadata{at.UnixMilli(), []emfDirective{{MetricNamespace, [][]string{dimensions}, metrics}}}
	return string(mustEncode(known))
}

type emfMetadata struct {
	Timestamp         int64          `json:"Timestamp"`
	CloudWatchMetrics []emfDirective `json:"CloudWatchMetrics"`
}

type emfDirective struct {
	Namespace  string      `json:"Namespace"`
	Dimensions [][]string  `json:"Dimensions"`
	Metrics    []emfMetric `json:"Metrics"`
}

type emfMetric struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

// toJSON is the figures as a JSON object.
func (f Metrics) toJSON() []byte {
	all := make(map[string]float64, len(f))
	for _, figure := range f {
		all[figure.Name] = figure.Value
	}
	return mustEncode(all)
}

func mustEncode(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("gateway: figures: " + err.Error()) // only for a number that is none
	}
	return text
}
