package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"

	"cedula/shared/table"
)

// remoteTable is the parent process's table, as a child process sees it. The
// calls go over a pair of pipes, so that the child can be killed and the table
// lives on.
type remoteTable struct{ client *rpc.Client }

// pipes are one process's ends of a pair of pipes.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// childFiles returns the parent's ends and the files that the child inherits as
// descriptors 3 and 4.
func childFiles() (pipes, []*os.File, error) {
	fromParent, toChild, err := os.Pipe()
	if err != nil {
		return pipes{}, nil, err
	}
	fromChild, toParent, err := os.Pipe()
	return pipes{fromChild, toChild}, []*os.File{fromParent, toParent}, err
}

// openRemoteTable connects a child process with the table of its parent.
func openRemoteTable() remoteTable {
	return remoteTable{rpc.NewClient(pipes{os.NewFile(3, "from parent"), os.NewFile(4, "to parent")})}
}

// serveTable answers the calls of a child process until it ends.
func serveTable(t table.Table, conn pipes) error {
	server := rpc.NewServer()
	if err := server.RegisterName("Table", tableService{t}); err != nil {
		return err
	}
	server.ServeConn(conn)
	return nil
}

type tableService struct{ table table.Table }

// GetRequest is the request of Get: net/rpc asks for exported types.
type GetRequest struct {
	Strong bool
	Keys   []table.Key
}

// WriteResponse holds the failed conditions too, since net/rpc returns an
// error's text alone.
type WriteResponse struct {
	Units    table.Units
	Conflict bool
	Failures []table.Failure
}

func (s tableService) Get(r GetRequest, result *table.GetResult) (err error) {
	*result, err = s.table.Get(context.Background(), r.Strong, r.Keys...)
	return err
}

func (s tableService) Query(q table.Query, page *table.Page) (err error) {
	*page, err = s.table.Query(context.Background(), q)
	return err
}

func (s tableService) Write(ops []table.Op, result *WriteResponse) error {
	units, err := s.table.Write(context.Background(), ops...)
	result.Units = units
	if errors.Is(err, table.ErrConflict) {
		result.Conflict = true
		return nil
	}
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		result.Failures = failed.Failures
		return nil
	}
	return err
}

func (t remoteTable) call(method string, request, response any) error {
	if err := t.client.Call("Table."+method, request, response); err != nil {
		return fmt.Errorf("%w: %w", table.ErrUnavailable, err)
	}
	return nil
}

// Get implements table.Table.
func (t remoteTable) Get(_ context.Context, strong bool, keys ...table.Key) (result table.GetResult, err error) {
	err = t.call("Get", GetRequest{strong, keys}, &result)
	return result, err
}

// Query implements table.Table.
func (t remoteTable) Query(_ context.Context, q table.Query) (page table.Page, err error) {
	err = t.call("Query", q, &page)
	return page, err
}

// Write implements table.Table.
func (t remoteTable) Write(_ context.Context, ops ...table.Op) (table.Units, error) {
	var result WriteResponse
	if err := t.call("Write", ops, &result); err != nil {
		return table.Units{}, err
	}
	if result.Conflict {
		return table.Units{}, table.ErrConflict
	}
	if len(result.Failures) > 0 {
		return table.Units{}, &table.ConditionError{Failures: result.Failures}
	}
	return result.Units, nil
}
