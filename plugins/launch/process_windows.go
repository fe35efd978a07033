package launch

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// group is a job object: whatever the child starts belongs to it, and Windows
// ends all of it when the last handle is closed, so also when the host dies.
type group windows.Handle

func configure(cmd *exec.Cmd, _ Options) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
}

func adopt(cmd *exec.Cmd) (group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("create a job: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{
			LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
		},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		err = assign(job, uint32(cmd.Process.Pid))
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, fmt.Errorf("put the plugin into a job: %w", err)
	}
	return group(job), nil
}

func assign(job windows.Handle, pid uint32) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	return windows.AssignProcessToJobObject(job, h)
}

func (g group) kill() { _ = windows.TerminateJobObject(windows.Handle(g), 1) }

func (g group) ask() { g.kill() } // there is no SIGTERM

func (g group) close() { _ = windows.CloseHandle(windows.Handle(g)) }

// awaitExit returns true when the process has ended; its number stays taken
// while os/exec holds a handle of it.
func awaitExit(pid int) bool {
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h)
	_, err = windows.WaitForSingleObject(h, windows.INFINITE)
	return err == nil
}

func rootDir() string { return os.Getenv("SystemRoot") }

// CloseOnExec does nothing: on Windows only chosen handles are inherited.
func CloseOnExec() error { return nil }

// Undumpable does nothing on this system.
func Undumpable() error { return nil }
