"""State to widgets: the Gradio page."""
