import { notifications } from "@mantine/notifications";

const closeButtonProps = { "aria-label": "Close" };

export const showSuccess = (title: string, message = "") =>
  notifications.show({ title, message, color: "green", closeButtonProps });

export const showError = (title: string, message = "") =>
  notifications.show({ title, message, color: "red", autoClose: 10_000, role: "alert", closeButtonProps });

/** showProgress gives what replaces the toast when it is done. */
export function showProgress(message: string) {
  const id = notifications.show({ message, loading: true, autoClose: false, withCloseButton: false });
  return {
    succeed: (text: string) =>
      notifications.update({
        id,
        message: text,
        loading: false,
        color: "green",
        autoClose: 4000,
        withCloseButton: true,
        closeButtonProps,
      }),
    fail: (title: string, text: string) =>
      notifications.update({
        id,
        title,
        message: text,
        loading: false,
        color: "red",
        autoClose: 10_000,
        withCloseButton: true,
        closeButtonProps,
      }),
  };
}
