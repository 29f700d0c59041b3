"""email: workbooks by SMTP."""
